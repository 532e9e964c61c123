//! `enum ctattr_seqadj`.

use crate::wire::attr_set;

attr_set! {
    /// How TCP sequence numbers of one direction are changed, because NAT, a helper or the SYN
    /// proxy changed the length of what was sent. Sent, for both directions, if the status has
    /// `SEQ_ADJUST`. Requests need all three.
    CtattrSeqadj, "ctattr_seqadj" => SeqAdjAttr {
        /// The sequence number from which `OFFSET_AFTER` holds.
        1 "CTA_SEQADJ_CORRECTION_POS" | "CTA_NAT_SEQ_CORRECTION_POS" = CorrectionPos(u32 as Be32), since "2.6.25";
        /// What is added before that position: 32 bits, two's complement.
        2 "CTA_SEQADJ_OFFSET_BEFORE" | "CTA_NAT_SEQ_OFFSET_BEFORE" = OffsetBefore(u32 as Be32), since "2.6.25";
        /// What is added from that position on: 32 bits, two's complement.
        3 "CTA_SEQADJ_OFFSET_AFTER" | "CTA_NAT_SEQ_OFFSET_AFTER" = OffsetAfter(u32 as Be32), since "2.6.25";
    }
}
