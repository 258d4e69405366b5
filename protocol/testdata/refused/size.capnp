@0xd3b1f0a6c1e24a59;
using Wire = import "/wire.capnp";
struct Thing $Wire.size(16) {
  large @0 :UInt64;
}
