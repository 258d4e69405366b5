@0xd3b1f0a6c1e24a5b;
using Wire = import "/wire.capnp";
struct Get $Wire.operation(opcode = 1, name = "GET") {
  struct Reply $Wire.compact {
    value @0 :Data $Wire.presentIf("valid");
  }
}
