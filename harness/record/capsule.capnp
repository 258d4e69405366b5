@0xe6a8f1c7d0b25943;
# What a failure leaves (harness/record/capsule.h): a file is 16 bytes of header ("ASSAYCAP", then
# the version of this schema as a little-endian 64-bit number) and one Capsule in Cap'n Proto's
# plain framing. Fields are only added, at the end.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("harness::record::schema");

struct Capsule {
  title @0 :Text;       # property, operation, fault kinds
  property @1 :Text;
  what @2 :Text;        # one sentence
  buildId @3 :Text;
  scenario @4 :Scenario;
  steps @5 :List(Step);
}

struct Scenario {
  name @0 :Text;
  dialect @1 :Text;               # "1.8", "2.0"
  osts @2 :UInt32;
  seed @3 :UInt64;
  defects @4 :List(Text);
  timing @5 :List(Int64);         # nanoseconds, in the order of reference::Timing
  patience @6 :Int64;             # nanoseconds
  clients @7 :List(Client);
  budget @8 :List(Fault);
  prompt @9 :Bool;
  som @10 :Bool;                  # the profile
  somPolicies @11 :List(Text);
  promptOsts @13 :Bool;
  slowOpcodes @14 :List(UInt32);  # between servers, though what these send each other is prompt
  somFromRestart @12 :Bool;       # the MDS has the profile only after its first crash
  crashLoses @15 :Bool;           # what a server sent and has not arrived goes with it
}

struct Fault {
  name @0 :Text;
  count @1 :UInt8;
}

struct Client {
  prepared @0 :List(Call);
  calls @1 :List(Call);
  begun @2 :Bool;                 # the first of calls is under way from the beginning
  unhurried @3 :Bool;
  last @4 :Bool;                  # a schedule ends with its last call
}

struct Call {
  kind @0 :UInt16;                # in the order of reference::Syscall::Kind
  path @1 :Text;
  target @2 :Text;
  flags @3 :UInt32;
  mode @4 :UInt32;
  uid @5 :UInt32;
  gid @6 :UInt32;
  fd @7 :UInt64;                  # slot of the file
  offset @8 :UInt64;
  length @9 :UInt64;
  atime @10 :Int64;
  mtime @11 :Int64;
  stripeCount @12 :UInt32;
  stripeSize @13 :UInt32;
  data @14 :Data;
  slot @15 :UInt8;                # where an open's file is kept
  beside @16 :Bool;               # may begin though the one before has not ended
}

struct Step {
  decision @0 :Text;
  shown @1 :UInt64;               # digest of the messages that it sent and the calls that it ended
}
