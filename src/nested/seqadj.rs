//! The adjustment of TCP sequence numbers, `enum ctattr_seqadj`.

use crate::wire::attr_set;

attr_set! {
    /// An attribute of the adjustment of TCP sequence numbers in one direction.
    ///
    /// Sequence numbers are adjusted if NAT, a helper or the SYN proxy changed the length of the
    /// data. The kernel sends the adjustments of both directions if the status has `SEQ_ADJUST`.
    /// Requests need all three attributes.
    CtattrSeqadj, "ctattr_seqadj" => SeqAdjAttr {
        /// The sequence number from which the offset `OffsetAfter` applies.
        1 "CTA_SEQADJ_CORRECTION_POS" | "CTA_NAT_SEQ_CORRECTION_POS" = CorrectionPos(u32 as Be32), since "2.6.25";
        /// The offset before that position: 32 bits in two's complement.
        2 "CTA_SEQADJ_OFFSET_BEFORE" | "CTA_NAT_SEQ_OFFSET_BEFORE" = OffsetBefore(u32 as Be32), since "2.6.25";
        /// The offset from that position on: 32 bits in two's complement.
        3 "CTA_SEQADJ_OFFSET_AFTER" | "CTA_NAT_SEQ_OFFSET_AFTER" = OffsetAfter(u32 as Be32), since "2.6.25";
    }
}
