
-- The part that is the same for all attributes. The tables above come from the constants of the
-- library, and this part makes a field for each attribute at each of its places.

local COOKED_HEADER = 16 -- of the capture, before the netlink messages
local MESSAGE_HEADER = 16 -- struct nlmsghdr
local NFGENMSG = 4
local NETLINK_NETFILTER = 12
local REQUEST, MULTI, EXCL, CREATE = 0x1, 0x2, 0x200, 0x400
local BILLION = UInt64.new(1000000000)
local PREFIX = "ctnetlink."

local protocol = Proto("ctnetlink", "Linux connection tracking")
protocol.prefs.word_size = Pref.enum(
  "Word size of big-endian machines",
  8,
  "The size of a long, in bytes, of the machines that wrote big-endian messages. It decides the "
    .. "numbers of labels; the messages do not contain it.",
  { { 1, "8", 8 }, { 2, "4", 4 } },
  false
)

-- The fields of the content whose nodes are being made.
local own_fields = {}

local function field(make, path, ...)
  local new = make(PREFIX .. path, ...)
  table.insert(own_fields, new)
  return new
end

-- Returns the value strings of an enum.
local function names(named)
  local strings = {}
  for _, value in ipairs(named) do
    strings[value[1]] = value[2]
  end
  return strings
end

local function message_names()
  local strings = {}
  for number, message in pairs(messages) do
    strings[number] = message.name
  end
  return strings
end

local kind_field = field(ProtoField.string, "kind", "Kind", base.NONE,
  "request, reply, or the event new, update or destroy")
local type_field = field(ProtoField.uint16, "type", "Type", base.HEX, message_names(), nil, "The message type")
local family_field = field(ProtoField.uint8, "family", "Family", base.DEC, names(families), nil, "The layer 3 protocol")
local cpu_field = field(ProtoField.uint16, "cpu", "CPU", base.DEC, nil, nil, "The CPU, in statistics of a CPU")
local unknown_field = field(ProtoField.bytes, "unknown", "Unknown attribute", base.NONE,
  "An attribute without a name")
local malformed_field = field(ProtoField.string, "malformed", "Malformed", base.NONE,
  "Bytes that do not decode")
local duration_field = field(ProtoField.relative_time, "duration", "Duration", "The time from start to stop")
local common_fields = own_fields

local malformed_expert = ProtoExpert.new(PREFIX .. "malformed.expert", "Malformed conntrack message",
  expert.group.MALFORMED, expert.severity.ERROR)
protocol.experts = { malformed_expert }

local function malformed(tree, range, text)
  tree:add(malformed_field, range, text):add_proto_expert_info(malformed_expert, text)
end

-------------------------------------------------------------------------------------------------
-- Payloads by their wire form: LENGTH is that of a valid payload, MAKE makes the fields of a node,
-- and SHOW adds the payload to the tree.

local LENGTH = {
  pad = 0, u8 = 1, be16 = 2, tcp_flags = 2, be32 = 4, host32 = 4, ipv4 = 4, be64 = 8, host64 = 8, ipv6 = 16,
}
local BITS = { u8 = 8, be16 = 16, be32 = 32, host32 = 32 }
local INTEGER = {
  u8 = ProtoField.uint8,
  be16 = ProtoField.uint16,
  be32 = ProtoField.uint32,
  be64 = ProtoField.uint64,
  host32 = ProtoField.uint32,
  host64 = ProtoField.uint64,
}
local MAKE, SHOW = {}, {}

-- Adds a number. Only the forms of hosts depend on the byte order of the sender.
local function add_number(tree, number_field, range, is_little)
  if is_little then
    return tree:add_le(number_field, range)
  end
  return tree:add(number_field, range)
end

function MAKE.number(node, attr)
  local display = attr.meaning == "plain" and base.DEC_HEX or base.DEC
  local strings = nil
  if attr.values then
    display, strings = base.DEC, names(attr.values)
  end
  node.field = field(INTEGER[attr.form], node.path, node.name, display, strings, nil, attr.doc)
  node.unit = attr.meaning == "seconds" and " seconds" or nil
end

function SHOW.number(node, tree, range, message)
  local item = add_number(tree, node.field, range, message.is_little and node.is_host)
  if node.unit then
    item:append_text(node.unit)
  end
end

-- Makes a field for a number of flags, and one for each flag.
local function make_flags(path, name, form, named, doc)
  local flags = { field = field(INTEGER[form], path, name, base.HEX, nil, nil, doc) }
  for _, value in ipairs(named) do
    local flag_path = path .. "." .. value[2]:lower():gsub("[^%w]", "_")
    local flag_field = field(ProtoField.bool, flag_path, value[2], BITS[form], nil, value[1], doc)
    table.insert(flags, { field = flag_field, bit = value[1], name = value[2] })
  end
  return flags
end

local function show_flags(flags, tree, range, is_little)
  local item = add_number(tree, flags.field, range, is_little)
  local number = is_little and range:le_uint() or range:uint()
  local set = {}
  for _, flag in ipairs(flags) do
    add_number(item, flag.field, range, is_little)
    if number % (2 * flag.bit) >= flag.bit then
      table.insert(set, flag.name)
    end
  end
  item:append_text(" (" .. table.concat(set, ", ") .. ")")
end

function MAKE.flags(node, attr)
  node.flags = make_flags(node.path, node.name, attr.form, attr.values, attr.doc)
end

function SHOW.flags(node, tree, range, message)
  show_flags(node.flags, tree, range, message.is_little and node.is_host)
end

function MAKE.tcp_flags(node, attr)
  node.flags = make_flags(node.path .. ".flags", "Flags", "u8", attr.values, attr.doc)
  node.mask = make_flags(node.path .. ".mask", "Mask", "u8", attr.values, attr.doc)
end

function SHOW.tcp_flags(node, tree, range)
  local item = tree:add(range, node.name)
  show_flags(node.flags, item, range(0, 1))
  show_flags(node.mask, item, range(1, 1))
end

function MAKE.time(node, attr)
  node.field = field(ProtoField.absolute_time, node.path, node.name, base.LOCAL, attr.doc)
end

-- Converts nanoseconds.
local function nstime(nanoseconds)
  return NSTime.new((nanoseconds / BILLION):tonumber(), (nanoseconds % BILLION):tonumber())
end

function SHOW.time(node, tree, range)
  tree:add(node.field, range, nstime(range:uint64()))
end

function MAKE.ipv4(node, attr)
  node.field = field(ProtoField.ipv4, node.path, node.name, attr.doc)
end

function MAKE.ipv6(node, attr)
  -- A field has one type.
  node.field = field(ProtoField.ipv6, node.path .. "6", node.name, attr.doc)
end

function MAKE.bytes(node, attr)
  node.field = field(ProtoField.bytes, node.path, node.name, base.NONE, attr.doc)
end

function SHOW.plain(node, tree, range)
  tree:add(node.field, range)
end
SHOW.ipv4, SHOW.ipv6, SHOW.bytes = SHOW.plain, SHOW.plain, SHOW.plain

function MAKE.str(node, attr)
  node.field = field(ProtoField.string, node.path, node.name, base.NONE, attr.doc)
end

function SHOW.str(node, tree, range, message)
  local payload = message.raw:sub(range:offset() + 1, range:offset() + range:len())
  tree:add(node.field, range, payload:match("^[^\0]*"))
end

-- Labels are one field with the number of each bit that is set.
function MAKE.host_words(node, attr)
  node.field = field(ProtoField.uint8, node.path, node.name, base.DEC, nil, nil, attr.doc)
end

function SHOW.host_words(node, tree, range, message)
  local length = range:len()
  if length % 4 ~= 0 or length > longest_bit_set then
    malformed(tree, range, node.name .. ": " .. length .. " bytes")
    return
  end
  local item = tree:add(range, node.name .. ":")
  -- The bytes of a word are in the order of the machine. Its bits are numbered from the lowest.
  local word = message.is_little and 1 or protocol.prefs.word_size
  local none = " none"
  for n = 0, math.ceil(length / word) * word - 1 do
    local place = n - n % word + (word - 1 - n % word)
    local byte = place < length and range(place, 1):uint() or 0
    for bit_number = 0, 7 do
      if byte % 2 ^ (bit_number + 1) >= 2 ^ bit_number then
        local number = 8 * n + bit_number
        item:add(node.field, range(place, 1), number)
        item:append_text(" " .. number)
        none = ""
      end
    end
  end
  item:append_text(none)
end

function SHOW.pad(node, tree, range)
  tree:add(range, node.name)
end

-------------------------------------------------------------------------------------------------
-- Nodes: attributes at their places.

-- Returns how an attribute is shown: its wire form, or what its values make of it.
local function manner(attr)
  if attr.meaning == "unix_nanos" then
    return "time"
  elseif not INTEGER[attr.form] then
    return attr.form
  end
  return attr.values and attr.values.is_flags and "flags" or "number"
end

local make_nodes

local function make_node(attr, path)
  local node = { name = attr.name, length = LENGTH[attr.form], path = path }
  if attr.key then
    node.path = path == "" and attr.key or path .. "." .. attr.key
  end
  node.is_host = attr.form == "host32" or attr.form == "host64"
  if attr.form == "nest" then
    -- The JSON has no object for some nested attributes; their contents belong to the one around them.
    node.field = attr.key and field(ProtoField.none, node.path, node.name, attr.doc)
    node.nodes = make_nodes(attr.set, node.path)
  else
    local name = manner(attr)
    node.show = SHOW[name]
    if MAKE[name] then
      MAKE[name](node, attr)
    end
  end
  return node
end

function make_nodes(set_name, path)
  local set = sets[set_name]
  local nodes = { set = set_name }
  for _, attr in ipairs(set) do
    nodes[attr.number] = make_node(attr, path)
  end
  nodes.empty = set.empty and make_node(set.empty, path)
  nodes.empty_number = set.empty and set.empty.number
  return nodes
end

-- Makes the two fields of an address and a port to which NAT translates.
local function make_translation(name, text)
  return {
    text = text,
    ipv4 = field(ProtoField.ipv4, name .. ".addr", text .. " address", "The address after NAT"),
    ipv6 = field(ProtoField.ipv6, name .. ".addr6", text .. " address", "The address after NAT"),
    port = field(ProtoField.uint16, name .. ".port", text .. " port", base.DEC, nil, nil, "The port after NAT"),
  }
end

local all_fields = common_fields
local snat, dnat
for name, content in pairs(contents) do
  own_fields = {}
  -- Entries are what most messages are about: their fields have short names.
  local path = name == "conntrack" and "" or name
  if path ~= "" then
    content.field = field(ProtoField.none, path, name)
  end
  content.nodes = make_nodes(content.set, path)
  if path == "" then
    snat, dnat = make_translation("snat", "Source NAT"), make_translation("dnat", "Destination NAT")
  end
  for _, new in ipairs(own_fields) do
    table.insert(all_fields, new)
  end
  content.fields = own_fields
end
local general_fields = { kind_field, type_field, family_field, cpu_field, unknown_field, malformed_field, duration_field }
protocol.fields = all_fields

-------------------------------------------------------------------------------------------------
-- Messages.

local function u16(raw, at, is_little)
  local first, second = raw:byte(at + 1, at + 2)
  if is_little then
    return first + 256 * second
  end
  return 256 * first + second
end

local function u32(raw, at, is_little)
  local first, second = u16(raw, at, is_little), u16(raw, at + 2, is_little)
  if is_little then
    return first + 65536 * second
  end
  return 65536 * first + second
end

-- Adds the attributes from `at` to `stop` to the tree.
local function walk(tree, nodes, at, stop, message)
  local raw, tvb, is_little = message.raw, message.tvb, message.is_little
  while at < stop do
    local length = stop - at >= 4 and u16(raw, at, is_little) or 0
    if length < 4 or length > stop - at then
      malformed(tree, tvb(at, stop - at), "an attribute of " .. length .. " bytes in " .. stop - at)
      return
    end
    -- The two highest bits are flags.
    local number = u16(raw, at + 2, is_little) % 0x4000
    local node = nodes[number]
    if length == 4 and number == nodes.empty_number then
      node = nodes.empty
    end
    local payload = tvb(at + 4, length - 4)
    if not node then
      tree:add(unknown_field, payload):append_text(" (" .. nodes.set .. " " .. number .. ")")
    elseif node.length and node.length ~= length - 4 then
      malformed(tree, payload, node.name .. ": " .. length - 4 .. " bytes")
    elseif node.nodes then
      local range = tvb(at, length)
      local item = node.field and tree:add(node.field, range) or tree:add(range, node.name)
      walk(item, node.nodes, at + 4, at + length, message)
    else
      node.show(node, tree, payload, message)
      message.seen[node.path] = payload
    end
    at = at + length + (4 - length % 4) % 4
  end
end

local function text_of(range)
  return range and range:raw()
end

-- Adds the address and port that a direction has after NAT, if they differ from those before.
local function translated(item, fields, before, after, flag, seen)
  local from, to = seen[before], seen[after]
  local status = seen.status and seen.status:uint()
  if not from or not to or status and status % (2 * flag) < flag then
    return
  end
  local port, port_before = seen[after .. "_port"], seen[before .. "_port"]
  if text_of(from) == text_of(to) and text_of(port) == text_of(port_before) then
    return
  end
  item:add(to:len() == 4 and fields.ipv4 or fields.ipv6, to):set_generated()
  if port then
    item:add(fields.port, port):set_generated()
  end
end

-- Adds what follows from several attributes of an entry.
local function add_derived(item, seen)
  translated(item, snat, "orig.src", "reply.dst", status_flags.SRC_NAT, seen)
  translated(item, dnat, "orig.dst", "reply.src", status_flags.DST_NAT, seen)
  local start, stop = seen["timestamp.start"], seen["timestamp.stop"]
  if start and stop and start:uint64() <= stop:uint64() then
    item:add(duration_field, stop, nstime(stop:uint64() - start:uint64())):set_generated()
  end
end

local function has(flags, flag)
  return flags % (2 * flag) >= flag
end

local function kind_of(number, flags)
  if has(flags, REQUEST) then
    return "request"
  elseif number % 256 == 2 then
    return "destroy"
  elseif number % 256 ~= 0 or has(flags, MULTI) then
    return "reply"
  end
  return (has(flags, CREATE) or has(flags, EXCL)) and "new" or "update"
end

-- Adds a message to the tree.
local function dissect_message(item, message, at, length, number)
  local tvb, raw, is_little = message.tvb, message.raw, message.is_little
  local kind = kind_of(number, u16(raw, at + 6, is_little))
  item:append_text(", " .. kind)
  item:add(kind_field, tvb(at + 6, 2), kind):set_generated()
  add_number(item, type_field, tvb(at + 4, 2), is_little)
  local body, stop = at + MESSAGE_HEADER, at + length
  if length < MESSAGE_HEADER + NFGENMSG then
    malformed(item, tvb(body, stop - body), "no struct nfgenmsg")
    return
  end
  item:add(family_field, tvb(body, 1))
  local content = message.content
  if not content then
    return
  end
  if content.has_cpu then
    item:add(cpu_field, tvb(body + 2, 2))
  end
  if content.field then
    item = item:add(content.field, tvb(body, stop - body))
  end
  message.seen = {}
  walk(item, content.nodes, body + NFGENMSG, stop, message)
  if kind ~= "request" and content == contents.conntrack then
    add_derived(item, message.seen)
  end
end

-- Returns whether something of ours is asked for. Most packets of a list are dissected without.
local function is_wanted(tree, content)
  if tree.visible then
    return true
  end
  -- There are many fields, and each look-up of the method costs as much as its call.
  local referenced = tree.referenced
  for _, fields in ipairs({ general_fields, content and content.fields or {} }) do
    for n = 1, #fields do
      if referenced(tree, fields[n]) then
        return true
      end
    end
  end
  return false
end

-- Returns whether a datagram is little-endian, by the length of its first message.
local function is_little_endian(raw, at, size)
  local function possible(is_little)
    local length = u32(raw, at, is_little)
    return length >= MESSAGE_HEADER and length <= size and length or 0
  end
  return possible(true) >= possible(false)
end

local function dissect_datagram(tvb, tree)
  local raw = tvb:raw()
  local size = #raw
  local is_little = is_little_endian(raw, COOKED_HEADER, tvb:reported_len() - COOKED_HEADER)
  local wanted = {}
  local at = COOKED_HEADER
  while size - at >= MESSAGE_HEADER do
    local length, number = u32(raw, at, is_little), u16(raw, at + 4, is_little)
    if length < MESSAGE_HEADER or length > size - at then
      return
    end
    local subsystem = math.floor(number / 256)
    if subsystem == 1 or subsystem == 2 then
      local described = messages[number] or {}
      local is_request = has(u16(raw, at + 6, is_little), REQUEST)
      local name = is_request and described.request or not is_request and described.kernel or "none"
      local content = contents[name]
      if wanted[name] == nil then
        wanted[name] = is_wanted(tree, content)
      end
      local item = tree:add(protocol, tvb(at, length))
      if wanted[name] then
        local message = { tvb = tvb, raw = raw, is_little = is_little, content = content }
        dissect_message(item, message, at, length, number)
      end
    end
    at = at + length + (4 - length % 4) % 4
  end
end

-- Returns whether there is no tree, because neither details nor filters nor colors need one.
-- Only this text says it. If its words change, is_wanted finds the same in more time.
local function has_no_tree(tree)
  return tostring(tree):find("has item=false", 1, true) ~= nil
end

-- Wireshark's dissector stays and runs first: it also knows other subsystems and protocols.
local captures = DissectorTable.get("wtap_encap")
local builtin = captures:get_dissector(wtap.NETLINK)

function protocol.dissector(tvb, pinfo, tree)
  -- It fails where it reads past the end of a packet, and has marked the packet then.
  local is_done, used = pcall(function()
    return builtin:call(tvb, pinfo, tree)
  end)
  local has_netfilter = not has_no_tree(tree)
    and tvb:captured_len() >= COOKED_HEADER + MESSAGE_HEADER
    and tvb(COOKED_HEADER - 2, 2):uint() == NETLINK_NETFILTER
  if has_netfilter then
    dissect_datagram(tvb, tree)
  end
  return is_done and used or tvb:captured_len()
end

captures:add(wtap.NETLINK, protocol)
