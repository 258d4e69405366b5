# A small schema with one of everything. What the schema compiler makes of it is in
# golden.h.expected and golden.cc.expected.
@0xd3b1f0a6c1e24a57;

using Wire = import "/wire.capnp";

enum Colour $Wire.lustre("colour") $Wire.bitSet(32) {
  # Colours of a thing.
  red @0 $Wire.lustre("THING_RED") $Wire.value(0x1);
  blue @1 $Wire.lustre("THING_BLUE") $Wire.value(0x80000000);  # Since 2.0.
}

enum Outcome $Wire.lustre("outcome") $Wire.valueSet(32) {
  lost @0 $Wire.lustre("THING_LOST") $Wire.signedValue(-2);
  found @1 $Wire.lustre("THING_FOUND") $Wire.value(70000);
}

struct Cookie $Wire.lustre("cookie") $Wire.size(8) $Wire.opaque {
  # Only its maker knows what it means.
  value @0 :UInt64 $Wire.lustre("ck_value") $Wire.hex;
}

struct Thing $Wire.lustre("thing") $Wire.size(48) {
  # Everything that a struct may hold.
  cookie @0 :Cookie $Wire.lustre("th_cookie");
  colours @1 :UInt32 $Wire.lustre("th_colours") $Wire.bits("Colour");
  outcome @2 :Int32 $Wire.lustre("th_outcome") $Wire.lustre18("th_result") $Wire.values("Outcome");
  # What became of it. This comment is too long to stand behind the member, so it stands above it.
  counts @3 :List(UInt16) $Wire.lustre("th_counts") $Wire.count(4);
  name @4 :Text $Wire.lustre("th_name") $Wire.count(8);
  shape @5 :Square $Wire.lustre("th_shape") $Wire.overlay(["Square", "Circle"]);
  cookies @6 :List(Cookie) $Wire.lustre("th_cookies") $Wire.trailing;
}

struct Square $Wire.lustre("square") $Wire.size(16) {
  width @0 :UInt64 $Wire.lustre("sq_width");
  height @1 :UInt64 $Wire.lustre("sq_height");
}

struct Circle $Wire.lustre("circle") $Wire.size(8) $Wire.littleEndian {
  radius @0 :UInt64 $Wire.lustre("ci_radius");
}

struct Entry $Wire.lustre("entry") $Wire.size(12) $Wire.packed {
  hash @0 :UInt64 $Wire.lustre("en_hash");
  length @1 :UInt32 $Wire.lustre("en_length");
}

struct ThingGet
    $Wire.operation(opcode = 77, name = "THING_GET", requestPortal = 12, replyPortal = 10,
                    version = 0x20003) {
  # Gets a thing by its name.
  struct Request {
    thing @0 :Thing;
    name @1 :Text;
    options @2 :Data $Wire.optional;
  }
  struct Reply $Wire.compact {
    thing @0 :Thing;
    picture @1 :Data $Wire.presentIf("colours.THING_RED|THING_BLUE");
    entries @2 :List(Entry);
  }
}
