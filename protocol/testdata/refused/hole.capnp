@0xd3b1f0a6c1e24a58;
using Wire = import "/wire.capnp";
struct Thing $Wire.size(16) {
  small @0 :UInt32;
  large @1 :UInt64;
}
