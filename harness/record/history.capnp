# What a run leaves: a stream of Entry messages in Cap'n Proto's stream framing, the header first.
# It is appended to while the run goes on and may be read meanwhile: a last message that is not
# whole yet means "so far". A reader refuses a header with a later version than its own; fields are
# only ever added. Which build wrote it stands beside the file, not in it, so that equal runs leave
# equal bytes.
@0xd5a3c1f09e6b7284;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("harness::record::schema");

struct Entry {
  union {
    header @0 :Header;
    record @1 :Record;
  }
}

struct Header {
  version @0 :UInt32;  # 1
}

struct Peer {
  nid @0 :UInt64;
  pid @1 :UInt32;
}

# Somebody who takes part. Nodes are numbered from 0 in the order of their first start.
struct Node {
  role @0 :UInt8;    # mgs, mds, ost, client, probe
  index @1 :UInt32;  # of its role
  peer @2 :Peer;
}

struct Record {
  index @0 :UInt64;        # from 1
  time @1 :Int64;          # nanoseconds since the run began
  node @2 :UInt16;
  incarnation @3 :UInt32;
  cause @4 :UInt64;        # the record that it follows from, or 0

  what :union {
    callBegan @5 :CallBegan;
    callEnded @6 :CallEnded;
    sent @7 :Message;
    received @8 :Message;
    lost @9 :Peer;      # all connections to it
    dropped @10 :Peer;  # connections to it, by this node
    faulted @11 :Fault;
    committed @12 :Void;
    crashed @13 :Void;
    started @14 :Start;
    noted @15 :Fact;
    digested @16 :UInt64;  # of the whole cluster
    quiesced @17 :Void;    # all calls have ended, and nothing is left but what is periodic
  }
}

struct Message {
  peer @0 :Peer;       # who it is to, or from
  number @1 :UInt64;   # the same for sent and received; 0 for what was not seen being sent
  bytes @2 :Data;      # left out of a received one that has a number
}

struct Fault {
  what @0 :Text;       # in the words of the plan
  message @1 :UInt64;
}

struct Start {
  node @0 :Node;
  dialect @1 :UInt8;   # 0: 1.8, 1: 2.0
}

struct CallBegan {
  order @0 :UInt64;
  kind @1 :UInt8;
  path @2 :Data;
  target @3 :Data;
  flags @4 :UInt32;
  mode @5 :UInt32;
  uid @6 :UInt32;
  gid @7 :UInt32;
  fd @8 :UInt64;
  offset @9 :UInt64;
  length @10 :UInt64;
  atime @11 :Int64;
  mtime @12 :Int64;
  stripeCount @13 :UInt32;
  stripeSize @14 :UInt32;
  data @15 :Data;
}

struct CallEnded {
  order @0 :UInt64;
  status @1 :Int32;
  value @2 :UInt64;
  attributes @3 :Attributes;
  data @4 :Data;
  entries @5 :List(DirectoryEntry);
  fileSystem @6 :FileSystem;
}

struct Attributes {
  fidSeq @0 :UInt64;
  fidOid @1 :UInt32;
  fidVer @2 :UInt32;
  ino @3 :UInt64;
  mode @4 :UInt32;
  nlink @5 :UInt32;
  uid @6 :UInt32;
  gid @7 :UInt32;
  rdev @8 :UInt64;
  size @9 :UInt64;
  blocks @10 :UInt64;
  atime @11 :Int64;
  mtime @12 :Int64;
  ctime @13 :Int64;
}

struct DirectoryEntry {
  name @0 :Data;
  ino @1 :UInt64;
  type @2 :UInt32;
}

struct FileSystem {
  blocks @0 :UInt64;
  free @1 :UInt64;
  available @2 :UInt64;
  files @3 :UInt64;
  filesFree @4 :UInt64;
  blockSize @5 :UInt32;
}

# reference/fact.h says what each means.
struct Fact {
  kind @0 :UInt8;
  type @1 :UInt8;
  opcode @2 :UInt32;
  flags @3 :UInt32;
  connCnt @4 :UInt32;
  client @5 :Text;
  xid @6 :UInt64;
  transno @7 :UInt64;
  objectFirst @8 :UInt64;
  objectSecond @9 :UInt64;
  handle @10 :UInt64;
  value @11 :Int64;
  start @12 :UInt64;
  end @13 :UInt64;
  digest @14 :UInt64;
  versions @15 :List(UInt64);
  text @16 :Text;
}
