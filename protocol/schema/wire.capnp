# The annotations that let ordinary Cap'n Proto schemas describe Lustre's wire, and what they mean.
#
# Only the declarations are used, never Cap'n Proto's own encoding. A struct's layout is what a C
# compiler gives it on a 64-bit machine: fields in the order of their ordinals, each at its natural
# alignment, padding always explicit (the generator refuses a hole). The generator computes every
# offset and refuses a struct whose $size says something else.
#
# Types: UInt8..UInt64, Int8..Int64 are integers in the sender's byte order. A struct field is
# embedded. List(T) with $count is a fixed array. Text with $count is a char array holding a name
# (NUL padded). Data with $count is a byte array that nobody swaps. List(T) with $trailing is the
# variable part at the end of a struct: it is not in $size.
@0xdf9b0a7e8b9899cb;

# --- structs and their fields ---

annotation lustre(struct, field, enum, enumerant) :Text;
# The name in Lustre's headers, by which a search finds it: "ptlrpc_body", "pb_last_xid",
# "MSG_RESENT". For an enum, the group of ../shared/facts/constants-*.csv, "msg_flag".

annotation lustre18(struct, field) :Text;
# What 1.8 calls the same bytes, where its name differs. Where 1.8 divides them otherwise: its
# fields and their sizes, "o_easize:4,o_mds:4"; they may reach over the fields that follow.

annotation later(field) :Text;
# What versions after 2.0 have in bytes that 1.8 and 2.0 leave 0, where a profile speaks of it.

annotation size(struct) :UInt32;
# Bytes on the wire, trailing part apart; checked by the generator.

annotation packed(struct) :Void;
# A packed C struct: it has alignment 1 and no padding anywhere.

annotation count(field) :UInt32;
# Length of a fixed array, in elements. Of a Text or a struct that is a buffer of an operation:
# encoding pads it with zeroes to this length; decoding takes a longer or a shorter buffer (a text
# ends at its NUL, a struct needs its own size).

annotation headOnly(field) :Void;
# This struct-typed field has no room for the trailing part of its struct.

annotation trailing(field) :Void;
# The variable part after the fixed struct, as many elements as the buffer holds.

annotation opaque(struct, field) :Void;
# Never swapped, whatever the sender's byte order: handles, uuids, names.

annotation littleEndian(struct, field) :Void;
# Little-endian whoever sends it: lnet_hdr, EAs and log records in their form on disk.

annotation overlay(field) :List(Text);
# This struct-typed field is a C union; the names of the structs that may lie over it.

annotation bits(field) :Text;
# The enum (capnp name, "MsgFlag", with its file's name and a dot before it if it is of another
# file: "ptlrpc.MsgFlag") whose bits this integer holds.

annotation values(field) :Text;
# Likewise, one of whose values this integer holds.

annotation hex(field) :Void;
# Printed in hexadecimal: cookies, hashes, magics.

# --- constants ---

annotation bitSet(enum) :UInt32;
# The enumerants are bits (or masks) of an integer this many bits wide.

annotation valueSet(enum) :UInt32;
# The enumerants are alternatives, in an integer this many bits wide.

annotation value(enumerant) :UInt64;
# The number. (An enumerant's ordinal means nothing on the wire.)

annotation signedValue(enumerant) :Int64;
# The number, where it is negative.

annotation only(enumerant) :Text;
# "1.8" or "2.0": the dialect that means this name, where the other has another name for the number.

annotation textSet(enum) :Void;
# The enumerants are names that travel as text: keys, prefixes, attributes.

annotation text(enumerant) :Text;
# The name.

# --- operations ---

annotation operation(struct) :Operation;
# A struct that stands for an RPC holds two nested structs, Request and Reply, whose fields are the
# buffers after ptlrpc_body, in order. A struct-typed field is a fixed struct buffer (with its
# trailing part, if it has one), Text a NUL-terminated name, Data raw bytes, List(T) an array of T.

struct Operation {
  opcode @0 :UInt32;
  name @1 :Text;               # "MDS_REINT/CREATE": what texts and tables call it
  requestPortal @2 :UInt32;    # 0: the request portal of the target concerned, 12, 26 or 28
  replyPortal @3 :UInt32;      # 0: likewise 10, 25 or 4
  version @4 :UInt32;          # pb_version, both halves: 0x00020003
  altRequestPortal @5 :UInt32; # another portal that is right as well (0: none)
  bulkPortal @6 :UInt32;       # where the client posts its bulk buffer (0: no bulk)
  discriminator @7 :UInt64;    # what tells variants of one opcode apart: intent opcode,
                               # REINT_* opcode (see selector)
  selector @8 :Selector;
}

enum Selector {
  none @0;                     # the opcode says it all
  reint @1;                    # first u32 of buffer 1
  intent @2;                   # bits of ldlm_intent.opc in buffer 2, when there are more than two
                               # buffers; the first variant in the file whose bits are all set
  lockType @3;                 # l_desc.l_resource.lr_type, for ENQUEUE without intent
  key @4;                      # the name in buffer 1 (GET_INFO, SET_INFO); see keyName
}

annotation keyName(struct) :Text;
# The key of a GET_INFO or SET_INFO variant.

annotation optional(field) :Void;
# The buffer may be missing altogether (with all that follow it).

annotation mayBeEmpty(field) :Void;
# The buffer is there, with length 0 or with its content.

annotation compact(struct) :Void;
# 1.8: buffers of this reply that end up empty are left out, later ones move one slot down.

annotation presentIf(field) :Text;
# In a compact reply: the field, in the first struct buffer that has such a field, which says that
# this buffer is there when it is not zero. A dot and the bits' Lustre names, joined by "|", behind
# it where bits decide: "valid.OBD_MD_FLEASIZE|OBD_MD_FLDIREA".
