#include "harness/record/pcapng.h"

#include <pcap/pcap.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>

#include "protocol/bytes.h"

using harness::record::PcapngWriter;
using harness::record::TcpFlow;

namespace {

std::vector<std::string> packets_of(const std::string& path) {
  char error[PCAP_ERRBUF_SIZE];
  pcap_t* file = pcap_open_offline(path.c_str(), error);
  REQUIRE(file != nullptr);
  REQUIRE(pcap_datalink(file) == DLT_RAW);
  std::vector<std::string> packets;
  pcap_pkthdr* header = nullptr;
  const u_char* data = nullptr;
  while (pcap_next_ex(file, &header, &data) == 1) {
    REQUIRE(header->caplen == header->len);
    packets.emplace_back(reinterpret_cast<const char*>(data), header->caplen);
  }
  pcap_close(file);
  return packets;
}

}  // namespace

TEST_CASE("A flow is a handshake, segments that number each other's bytes, and a close") {
  const std::string path = "/tmp/assay-pcapng-test-" + std::to_string(getpid());
  {
    PcapngWriter writer(path);
    TcpFlow flow(writer, 1'000'000'000, {0x0a000001, 1023}, {0x0a000002, 988});
    flow.data(writer, 1'000'001'000, true, protocol::as_bytes("hello"));
    flow.data(writer, 1'000'002'000, false, protocol::as_bytes("yes"), "a comment");
    flow.close(writer, 1'000'003'000);
    REQUIRE(writer.ok());
  }
  const std::vector<std::string> packets = packets_of(path);
  unlink(path.c_str());

  REQUIRE(packets.size() == 8);
  REQUIRE(packets[3].substr(40) == "hello");
  REQUIRE(packets[4].substr(40) == "yes");
  // The answer acknowledges the handshake's SYN and the five bytes.
  REQUIRE(packets[4].substr(28, 4) == packets[5].substr(24, 4));
}

TEST_CASE("What does not fit one segment takes several") {
  const std::string path = "/tmp/assay-pcapng-test-" + std::to_string(getpid());
  {
    PcapngWriter writer(path);
    TcpFlow flow(writer, 0, {1, 2}, {3, 4});
    flow.data(writer, 0, true, std::vector<uint8_t>(150'000, 7));
  }
  const std::vector<std::string> packets = packets_of(path);
  unlink(path.c_str());

  REQUIRE(packets.size() == 3 + 3);
  REQUIRE(packets[3].size() + packets[4].size() + packets[5].size() == 150'000 + 3 * 40);
}

TEST_CASE("A second connection between the same ports is none of the first one's retransmissions") {
  const std::string path = "/tmp/assay-pcapng-test-" + std::to_string(getpid());
  {
    PcapngWriter writer(path);
    const TcpFlow first(writer, 0, {1, 2}, {3, 4});
    const TcpFlow second(writer, 0, {1, 2}, {3, 4});
  }
  const std::vector<std::string> packets = packets_of(path);
  unlink(path.c_str());

  const auto sequence = [&](size_t packet) { return packets[packet].substr(24, 4); };
  REQUIRE(packets.size() == 6);
  REQUIRE(sequence(0) != sequence(3));
  REQUIRE(sequence(1) != sequence(4));
}
