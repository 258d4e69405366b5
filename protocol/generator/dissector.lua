-- The dissector proper, over the tables before it. It takes ptlrpc messages of 1.8 and 2.0 from
-- Wireshark's own dissector, which reads them by the formats of later versions, and leaves those of
-- later versions to it. Numbers that Lustre declares with names have them behind the value.

local proto = Proto("lustre18", "Lustre 1.8 and 2.0")
proto.prefs.dialect = Pref.enum("Dialect", 0, "What peers speak whose CONNECT was not captured",
  { { 1, "as their flags suggest", 0 }, { 2, "1.8", 1 }, { 3, "2.0", 2 } }, false)

local stock = Dissector.get("lustre")
local MAGIC, REQUEST, ERROR, REPLY = 0x0bd00bd3, 4711, 4712, 4713
local LATER_BODY, CONNECT_FID_HI = 184, 0x40 -- bytes; upper half of OBD_CONNECT_FID
local MDS_CONNECT = 38
local CONNECTS = { [MDS_CONNECT] = true, [8] = true, [250] = true }
local message_head = structs.ptlrpc_LustreMsgV2
local body_struct = structs.ptlrpc_PtlrpcBody

-- fields ------------------------------------------------------------------------------------------

local registered, fields = {}, {}

local function integer_type(field)
  local types = field.k == "i" and { [1] = ftypes.INT8, [2] = ftypes.INT16, [4] = ftypes.INT32, [8] = ftypes.INT64 }
    or { [1] = ftypes.UINT8, [2] = ftypes.UINT16, [4] = ftypes.UINT32, [8] = ftypes.UINT64 }
  return types[field.w]
end

local function register(owner, field, name)
  local abbr = "lustre18." .. owner .. "." .. string.gsub(name, "[^%w_]", "_")
  if registered[abbr] then return registered[abbr] end
  local made
  if field.k == "u" or field.k == "i" then
    local shown = (field.hex or (field.v and field.v.bits)) and field.k == "u" and base.HEX or base.DEC
    made = ProtoField.new(name, abbr, integer_type(field), nil, shown)
  elseif field.k == "t" then
    made = ProtoField.new(name, abbr, ftypes.STRING)
  else
    made = ProtoField.new(name, abbr, ftypes.BYTES)
  end
  registered[abbr] = made
  fields[#fields + 1] = made
  return made
end

local function register_struct(struct)
  for _, field in ipairs(struct.fields) do
    if field.k ~= "s" then
      field.pf = register(struct.name, field, field.later or field.n)
      field.pf18 = field.n18 and register(struct.name, field, field.n18) or field.pf
    end
    for _, part in ipairs(field.parts or {}) do part.pf18 = register(struct.name, part, part.n) end
  end
end
for _, struct in pairs(structs) do register_struct(struct) end
for _, list in pairs(operations) do
  for _, operation in ipairs(list) do
    for _, direction in ipairs({ operation.request, operation.reply }) do
      for _, buffer in ipairs(direction) do
        if buffer.k ~= "s" then buffer.pf = register("buffer", buffer, buffer.n) end
      end
    end
  end
end
local unknown_buffer = ProtoField.bytes("lustre18.buffer.unknown", "buffer without a place in the format")
fields[#fields + 1] = unknown_buffer
proto.fields = fields
local malformed = ProtoExpert.new("lustre18.malformed", "shorter than its struct", expert.group.MALFORMED,
  expert.severity.ERROR)
local guessed = ProtoExpert.new("lustre18.guessed", "no CONNECT seen; the dialect is a guess",
  expert.group.ASSUMPTION, expert.severity.NOTE)
proto.experts = { malformed, guessed }

-- values ------------------------------------------------------------------------------------------

local function halves(range, big)
  local width = range:len()
  if width < 8 then return big and range:uint() or range:le_uint(), 0 end
  local first, second = range:range(0, 4), range:range(4, 4)
  if big then return second:uint(), first:uint() end
  return first:le_uint(), second:le_uint()
end

local function names_of(set, lo, hi, dialect)
  local found = {}
  for _, constant in ipairs(set) do
    local meant = constant[4] == nil or constant[4] == dialect
    if meant and not set.bits and constant[1] == lo and constant[2] == hi then return constant[3] end
    if meant and set.bits and (constant[1] ~= 0 or constant[2] ~= 0) and
       bit32.band(lo, constant[1]) == constant[1] and bit32.band(hi, constant[2]) == constant[2] then
      found[#found + 1] = constant[3]
    end
  end
  return set.bits and table.concat(found, "|") or nil
end

local function is_zero(range)
  for i = 0, range:len() - 1 do
    if range:range(i, 1):uint() ~= 0 then return false end
  end
  return true
end

local function add_integer(tree, field, pf, range, big, dialect)
  local item = big and tree:add(pf, range) or tree:add_le(pf, range)
  if not field.v then return end
  local lo, hi = halves(range, big)
  local text = names_of(field.v, lo, hi, dialect)
  if text and text ~= "" then item:append_text(" " .. text) end
end

local dissect_struct

local function struct_over(owner, field, range, big)
  if owner.name == "ldlm_lock_desc" and field.over then
    local kind = halves(range:range(0, 4), big)
    if kind == 11 then return field.over.LdlmExtent end
    if kind == 13 then return field.over.LdlmInodebits end
  end
  return field.s
end

local function add_element(tree, owner, field, name, range, whole, context)
  if field.k == "s" then
    local struct = struct_over(owner, field, whole, context.big)
    dissect_struct(tree:add(range, name), struct, range, context)
  elseif field.k == "t" then
    tree:add(context.old and field.pf18 or field.pf, range, range:stringz())
  elseif field.k == "b" then
    tree:add(context.old and field.pf18 or field.pf, range)
  else
    add_integer(tree, field, context.old and field.pf18 or field.pf, range,
      context.big and not field.le and not context.le, context.dialect)
  end
end

local function add_field(tree, owner, field, range, whole, context)
  if not field.list then return add_element(tree, owner, field, field.n, range, whole, context) end
  for index = 0, math.floor(range:len() / field.w) - 1 do
    add_element(tree, owner, field, field.n .. "[" .. index .. "]", range:range(index * field.w, field.w),
      whole, context)
  end
end

local function add_parts(tree, owner, field, range, context)
  local last = field.o
  for _, part in ipairs(field.parts) do
    local bytes = range:range(part.o, part.w)
    if not (part.pad and is_zero(bytes)) then add_element(tree, owner, part, part.n, bytes, range, context) end
    last = part.o + part.w
  end
  return last
end

-- The fields of a struct from a range that starts with it; the trailing part takes the rest.
dissect_struct = function(tree, struct, range, context)
  if range:len() < struct.size then
    tree:add_proto_expert_info(malformed)
    return
  end
  local inner = { big = context.big, old = context.old, dialect = context.dialect, le = context.le or struct.le }
  local taken = 0
  for _, field in ipairs(struct.fields) do
    if field.o < taken then -- 1.8 has it in an earlier one
    elseif context.old and field.parts then
      taken = add_parts(tree, struct, field, range, inner)
    elseif field.tr then
      if range:len() > struct.size then
        add_field(tree, struct, field, range:range(struct.size), range, inner)
      end
    else
      local size = (field.k == "s" or field.k == "u" or field.k == "i") and field.w * field.c or field.c
      local bytes = range:range(field.o, size)
      if not (field.pad and is_zero(bytes)) then add_field(tree, struct, field, bytes, range, inner) end
    end
  end
end

-- buffers -----------------------------------------------------------------------------------------

-- What is known to travel in places that the formats leave raw.
local function struct_of_data(name, range)
  local length = range:len()
  if string.sub(name, 1, 4) == "capa" and length == structs.mds_2_0_LustreCapa.size then
    return structs.mds_2_0_LustreCapa
  end
  if name == "acl" and length >= structs.mds_XattrAclHeader.size then return structs.mds_XattrAclHeader end
  if name == "lvb" and length == structs.ldlm_OstLvb.size then return structs.ldlm_OstLvb end
  if (name == "md" or name == "eadata") and length >= 4 then
    local magic = range:range(0, 4):le_uint()
    local layout = magic == 0x0bd10bd0 and structs.ost_LovMdsMdV1 or magic == 0x0bd30bd0 and structs.ost_LovMdsMdV3
    if layout and length >= layout.size then return layout end
  end
  return nil
end

local function dissect_buffer(tree, buffer, range, context)
  if buffer.k == "s" and not buffer.list then
    local size = buffer.s.size
    if buffer.count and range:len() > size and range:len() <= buffer.count and is_zero(range:range(size)) then
      range = range:range(0, size)
    end
    dissect_struct(tree:add(range, buffer.n), buffer.s, range, context)
  elseif buffer.k == "s" then
    for index = 0, math.floor(range:len() / buffer.w) - 1 do
      local element = range:range(index * buffer.w, buffer.w)
      dissect_struct(tree:add(element, buffer.n .. "[" .. index .. "]"), buffer.s, element, context)
    end
  elseif buffer.k == "t" then
    tree:add(buffer.pf, range, range:stringz())
  elseif buffer.k == "b" then
    local struct = struct_of_data(buffer.n, range)
    if struct then
      dissect_struct(tree:add(range, buffer.n), struct, range, context)
    else
      tree:add(buffer.pf, range)
    end
  else
    for index = 0, math.floor(range:len() / buffer.w) - 1 do
      add_integer(tree, buffer, buffer.pf, range:range(index * buffer.w, buffer.w), context.big, context.dialect)
    end
  end
end

local function announced(buffer, places, big)
  local when = buffer.when
  if not when then return true end
  local place = places[when.buffer]
  if not place or place:len() < when.o + when.w then return false end
  local lo, hi = halves(place:range(when.o, when.w), big)
  return bit32.band(lo, when.lo) ~= 0 or bit32.band(hi, when.hi) ~= 0
end

local function dissect_buffers(tree, direction, message, context)
  local slot, places = 2, {}
  for place, buffer in ipairs(direction) do
    if not direction.compact or announced(buffer, places, context.big) then
      local range = message[slot]
      if range then
        places[place] = range
        dissect_buffer(tree, buffer, range, context)
      end
      slot = slot + 1
    end
  end
  for rest = slot, message.count do
    if message[rest] then tree:add(unknown_buffer, message[rest]) end
  end
end

-- messages ----------------------------------------------------------------------------------------

local offset_of = {}
for _, field in ipairs(body_struct.fields) do offset_of[field.n] = field.o end

-- The message's buffers as ranges, by their places from 1 on; nil for an empty one.
local function parse(tvb)
  if tvb:len() < message_head.size then return nil end
  local message = {}
  if tvb:range(8, 4):le_uint() == MAGIC then message.big = false
  elseif tvb:range(8, 4):uint() == MAGIC then message.big = true
  else return nil end
  local function number(offset) local lo = halves(tvb:range(offset, 4), message.big) return lo end
  message.count = number(0)
  if message.count < 1 or message.count > 32 then return nil end
  local place = message_head.size + math.floor((message.count * 4 + 7) / 8) * 8
  for index = 0, message.count - 1 do
    if tvb:len() < message_head.size + index * 4 + 4 then return nil end
    local length = number(message_head.size + index * 4)
    if length > 0 then
      if place + length > tvb:len() then return nil end
      message[index + 1] = tvb:range(place, length)
    end
    place = place + math.floor((length + 7) / 8) * 8
  end
  local body = message[1]
  if not body or body:len() < 88 or body:len() >= LATER_BODY then return nil end
  message.type = number(body:offset() + offset_of.pb_type)
  message.opc = number(body:offset() + offset_of.pb_opc)
  message.flags = number(20)
  message.cookie = tostring(body:range(0, 8):bytes())
  return message
end

local function selects(operation, message)
  local function at(buffer, offset, width)
    local range = message[buffer]
    if not range or range:len() < offset + width then return nil end
    return halves(range:range(offset, width), message.big)
  end
  if operation.selector == "reint" then return at(2, 0, 4) == operation.lo, true end
  if operation.selector == "lockType" then
    return message.count <= 3 - 1 and at(2, 8, 4) == operation.lo, true
  end
  if operation.selector == "key" then
    return message[2] ~= nil and message[2]:stringz() == operation.key, true
  end
  local lo, hi = at(3, 0, 8)
  if message.count <= 2 or not lo then return false, true end
  local exact = lo == operation.lo and hi == operation.hi
  return exact or (bit32.band(lo, operation.lo) == operation.lo and bit32.band(hi, operation.hi) == operation.hi), exact
end

local function identify(dialect, message)
  local plain, partly
  for _, operation in ipairs(operations[dialect]) do
    if operation.opc == message.opc then
      if operation.selector == "none" then
        plain = plain or operation
      else
        local yes, exact = selects(operation, message)
        if yes and exact then return operation end
        if yes then partly = partly or operation end
      end
    end
  end
  return partly or plain
end

-- dialects ----------------------------------------------------------------------------------------

local requests, sessions, between = {}, {}, {}
function proto.init() requests, sessions, between = {}, {}, {} end
local match_bits = Field.new("lnet.msg_dst_match_bits")

-- What the sender of a request speaks, and whether that is known.
local function dialect_of(message, from, to)
  if CONNECTS[message.opc] and message[2] then
    if message[2]:len() == 40 then return "1.8", true end
    if message[2]:len() == 39 then return "2.0", true end
  end
  local known = sessions[to .. message.cookie] or between[from .. to] or between[to .. from]
  if known then return known, true end
  if proto.prefs.dialect ~= 0 then return proto.prefs.dialect == 1 and "1.8" or "2.0", true end
  return message.flags == 1 and "1.8" or "2.0", false
end

local function learn(request, reply, client, server)
  local dialect = request.dialect
  local data = reply[2]
  if request.operation.opc == MDS_CONNECT and data and data:len() >= 8 then
    local _, hi = halves(data:range(0, 8), reply.big)
    if bit32.band(hi, CONNECT_FID_HI) ~= 0 then dialect = "2.0" end
  end
  sessions[server .. reply.cookie] = dialect
  if request.client_cookie then sessions[client .. request.client_cookie] = dialect end
  between[client .. server] = dialect
end

-- What a message is: kept by frame and place, since a frame may be shown in any order.
local seen = {}
local function understand(message, pinfo, key)
  if pinfo.visited and seen[key] then return seen[key] end
  local from, to = tostring(pinfo.src), tostring(pinfo.dst)
  local bits = { match_bits() }
  local xid = #bits > 0 and tostring(bits[#bits].value) or ""
  local found
  if message.type == REQUEST then
    local dialect, known = dialect_of(message, from, to)
    found = { dialect = dialect, known = known, direction = "request", operation = identify(dialect, message) }
    if CONNECTS[message.opc] and message[4] then found.client_cookie = tostring(message[4]:bytes()) end
    requests[from .. ">" .. to .. " " .. pinfo.src_port .. " " .. xid] = found
  else
    local request = requests[to .. ">" .. from .. " " .. pinfo.dst_port .. " " .. xid]
    local dialect = request and request.dialect or dialect_of(message, to, from)
    found = { dialect = dialect, known = request ~= nil, direction = "reply",
      operation = request and request.operation or identify(dialect, message) }
    if request and request.operation and CONNECTS[message.opc] then learn(request, message, to, from) end
  end
  seen[key] = found
  return found
end

local WORDS = { [REQUEST] = "request", [REPLY] = "reply", [ERROR] = "error" }

function proto.dissector(tvb, pinfo, tree)
  local message = parse(tvb)
  if not message then return stock:call(tvb, pinfo, tree) end
  local what = understand(message, pinfo, pinfo.number .. ":" .. tostring(tvb:offset()))
  local name = what.operation and what.operation.name or ("opcode " .. message.opc)
  pinfo.cols.protocol = "Lustre " .. what.dialect
  pinfo.cols.info = name .. " " .. (WORDS[message.type] or "?")
  local top = tree:add(proto, tvb:range(), "Lustre " .. what.dialect .. ", " .. name .. " " ..
    (WORDS[message.type] or "?"))
  if not what.known then top:add_proto_expert_info(guessed) end
  local context = { big = message.big, dialect = what.dialect, old = what.dialect == "1.8" }
  local lengths = message_head.size + message.count * 4
  dissect_struct(top:add(tvb:range(0, lengths), "lustre_msg_v2"), message_head, tvb:range(0, lengths), context)
  local body = message[1]
  if body:len() >= body_struct.size then
    dissect_struct(top:add(body, "ptlrpc_body"), body_struct, body, context)
  end
  if what.operation then
    dissect_buffers(top, what.operation[what.direction], message, context)
  else
    for index = 2, message.count do
      if message[index] then top:add(unknown_buffer, message[index]) end
    end
  end
  return tvb:len()
end

-- The portals on which Wireshark's dissector reads Lustre. (set would empty the table each time.)
for _, portal in ipairs({ 1, 2, 4, 6, 7, 10, 12, 15, 16, 17, 18, 22, 23, 25, 26, 27, 28, 29, 30, 31, 32 }) do
  DissectorTable.get("lnet.ptl_index"):add(portal, proto)
end
