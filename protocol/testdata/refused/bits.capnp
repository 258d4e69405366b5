@0xd3b1f0a6c1e24a5a;
using Wire = import "/wire.capnp";
struct Thing $Wire.size(8) {
  large @0 :UInt64 $Wire.bits("Colour");
}
