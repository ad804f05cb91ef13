// HTTP/1.1 messages as bytes: the examples of the standards, what is refused, and that cuts in the stream make no difference.
#include "sim/wire/http.hpp"

#include <catch2/catch.hpp>

#include "sim/kernel/random.hpp"
#include "sim/protocol/http/http_date.hpp"
#include "sim/wire/url.hpp"

using namespace wirelab;
using namespace wirelab::http;

namespace {

// All messages of a stream as text, cut after the given numbers of bytes; "!STATUS what" where it cannot be read.
std::string read_all(MessageReader::Of of, std::string_view stream, const std::vector<std::size_t>& cuts,
                     const Limits& limits = {}) {
  MessageReader reader(of, limits);
  std::string out;
  std::size_t begin = 0, next = 0;
  while (begin < stream.size()) {
    const std::size_t end = next < cuts.size() ? std::max(begin, cuts[next++]) : stream.size();
    std::string_view part = stream.substr(begin, end - begin);
    begin = end;
    while (!part.empty()) {
      const auto taken = reader.take(wire::bytes_of(part));
      if (!taken) return out + "!" + std::to_string(taken.error().status);
      part.remove_prefix(*taken);
      if (!reader.is_whole()) continue;
      out += of == MessageReader::Of::requests ? reader.request().method + " " + reader.request().target
                                               : std::to_string(reader.status());
      for (const http::Field& field : reader.request().fields) out += "|" + field.name + "=" + field.value;
      out += "|" + reader.request().body + (reader.keeps_connection() ? "|keeps;" : "|closes;");
      reader.next();
    }
  }
  if (reader.end()) out += "until the end:" + reader.request().body;
  return out;
}

std::string requests(std::string_view stream) { return read_all(MessageReader::Of::requests, stream, {}); }
std::string responses(std::string_view stream) { return read_all(MessageReader::Of::responses, stream, {}); }

std::string text_of(const Request& request) {
  std::vector<std::uint8_t> out;
  encode_head(request, out);
  return {out.begin(), out.end()};
}

}  // namespace

TEST_CASE("requests are read as RFC 9112 says") {
  CHECK(requests("GET /where?q=now HTTP/1.1\r\nHost: www.example.com\r\n\r\n") ==
        "GET /where?q=now|Host=www.example.com||keeps;");
  CHECK(requests("\r\nPOST / HTTP/1.1\nHost:a\nContent-Length: 3\n\nabcGET / HTTP/1.1\r\nHost: b\r\n\r\n") ==
        "POST /|Host=a|Content-Length=3|abc|keeps;GET /|Host=b||keeps;");
  CHECK(requests("GET / HTTP/1.0\r\n\r\n") == "GET /||closes;");
  CHECK(requests("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n") == "GET /|Connection=Keep-Alive||keeps;");
  CHECK(requests("GET / HTTP/1.1\r\nHost: a\r\nconnection: x, CLOSE\r\n\r\n") ==
        "GET /|Host=a|connection=x, CLOSE||closes;");
  // RFC 9112, 7.1.3 and 7.1.2: chunks with extensions, and trailers that are passed over.
  CHECK(
      requests("PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n4\r\nWiki\r\n6;name=\"v\"\r\npedia \r\n"
               "E\r\nin \r\n\r\nchunks.\r\n0\r\nExpires: now\r\n\r\n") ==
      "PUT /x|Host=a|Transfer-Encoding=Chunked|Wikipedia in \r\n\r\nchunks.|keeps;");
}

TEST_CASE("answers are read until their length, their last chunk or the end of the stream") {
  CHECK(responses("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"
                  "HTTP/1.1 204\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n") ==
        "200|Content-Length=2|ok|keeps;304|Content-Length=9||keeps;204||keeps;100||keeps;");
  CHECK(responses("HTTP/1.1 200 OK\r\n\r\nall of it") == "until the end:all of it");
  MessageReader reader(MessageReader::Of::responses);
  reader.answers_head(true);
  const std::string_view head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
  CHECK(reader.take(wire::bytes_of(head)).value() == head.size());
  CHECK(reader.is_whole());
}

TEST_CASE("what is no HTTP is refused with the status that says why") {
  const auto refused = [](const std::string& text) { return requests(text + "\r\n\r\n"); };
  CHECK(refused("GET") == "!400");
  CHECK(refused("GET /") == "!400");
  CHECK(refused("GET / x HTTP/1.1\r\nHost: a") == "!400");
  CHECK(refused("G(T / HTTP/1.1\r\nHost: a") == "!400");
  CHECK(refused("GET / HTTP/2.0\r\nHost: a") == "!505");
  CHECK(refused("GET / HTTPS/1.1\r\nHost: a") == "!400");
  CHECK(refused("GET / HTTP/1.1") == "!400");  // no Host
  CHECK(refused("GET / HTTP/1.1\r\nHost : a") == "!400");
  CHECK(refused("GET / HTTP/1.1\r\nHost: a\r\n folded") == "!400");
  CHECK(refused("GET / HTTP/1.1\r\nHost: a\r\n: b") == "!400");
  CHECK(refused(std::string("GET / HTTP/1.1\r\nHost: a\0b", 26)) == "!400");
  CHECK(refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2") == "!400");
  CHECK(refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1") == "!400");
  CHECK(refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999") == "!400");
  CHECK(refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked") == "!400");
  CHECK(refused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip") == "!501");
  CHECK(refused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx") == "!400");
  CHECK(refused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab") == "!400");
  CHECK(responses("HTTP/1.1 20 OK\r\n\r\n") == "!400");
  CHECK(responses("HTTP/1.1 2000\r\n\r\n") == "!400");
  const Limits small{.head = 40, .body = 4};
  const auto limited = [&](std::string_view text) { return read_all(MessageReader::Of::requests, text, {}, small); };
  CHECK(limited("GET /" + std::string(100, 'x')) == "!414");
  CHECK(limited("GET / HTTP/1.1\r\nHost: " + std::string(100, 'x')) == "!431");
  CHECK(limited("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5") == "!431");
  const Limits body{.head = 400, .body = 4};
  CHECK(read_all(MessageReader::Of::requests, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", {}, body) ==
        "!413");
  CHECK(read_all(MessageReader::Of::requests,
                 "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n", {},
                 body) == "!413");
}

TEST_CASE("a stream says the same however it is cut") {
  RandomStream luck(7, "test", "cuts");
  const std::string stream =
      "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345\r\nGET /b HTTP/1.1\r\nHost: b\r\n\r\nPUT /c "
      "HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nT: "
      "t\r\n\r\nDELETE /d HTTP/1.0\r\n\r\n";
  const std::string whole = requests(stream);
  CHECK(whole.size() > 100);
  for (int seed = 0; seed < 300; ++seed) {
    std::vector<std::size_t> cuts;
    for (std::size_t at = 0; at < stream.size();) cuts.push_back(at += 1 + luck.below(seed % 40 + 1));
    CAPTURE(seed);
    CHECK(read_all(MessageReader::Of::requests, stream, cuts) == whole);
  }
}

TEST_CASE("the course's request has its size, once it is HTTP/1.1 and its length is true") {
  Request post{"POST",
               "/api/v2/mauedu/feeds/assign1-temp/data",
               {{"Host", "io.adafruit.com"},
                {"user-agent", "insomnia/2021.7.2"},
                {"x-aio-key", "aio_EDSv22qwj94EA8cNiceTry"},
                {"content-type", "application/x-www-form-urlencoded"},
                {"accept", "*/*"},
                {"content-length", "8"}},
               {}};
  // 236 bytes of the sample with CRLF, and 2 more for "HTTP/1.1" in the place of "HTTP/2".
  CHECK(text_of(post).size() + std::string_view("value=24").size() == 238);
}

TEST_CASE("chunks, lists and fields") {
  std::vector<std::uint8_t> out;
  encode_chunk("abcdefghijklmnopq", out);
  encode_chunk("", out);
  CHECK(std::string(out.begin(), out.end()) == "11\r\nabcdefghijklmnopq\r\n0\r\n\r\n");
  const Fields fields{{"A", "x, Y ,z"}, {"a", "w"}};
  CHECK(has_token(fields, "a", "y"));
  CHECK(has_token(fields, "A", "w"));
  CHECK_FALSE(has_token(fields, "a", "xy"));
  CHECK(*find(fields, "a") == "x, Y ,z");
  CHECK(find(fields, "b") == nullptr);
  CHECK(method_of("GET") == Method::get);
  CHECK(method_of("get") == Method::other);  // methods are compared with their case (RFC 9110, 9.1)
}

TEST_CASE("URLs and forms") {
  const auto url = wire::parse_url("http://Cloud:8080/api?x=1#part");
  REQUIRE(url);
  CHECK(url->host == "cloud");
  CHECK(url->port == 8080);
  CHECK(url->target == "/api?x=1");
  CHECK(url->authority() == "cloud:8080");
  CHECK(wire::parse_url("cloud")->target == "/");
  CHECK(wire::parse_url("cloud?x=1")->target == "/?x=1");
  CHECK(wire::parse_url("cloud/a")->authority() == "cloud");
  for (const char* broken : {"https://cloud/", "http:///x", "ftp://cloud/", "http://cloud:0/", "http://cloud:70000/",
                             "http://clo ud/", "http://cloud/a b", ""}) {
    CAPTURE(broken);
    CHECK_FALSE(wire::parse_url(broken));
  }
  CHECK(*wire::percent_decoded("a%2Fb+c", false) == "a/b+c");
  CHECK(*wire::percent_decoded("a%2fb+c", true) == "a/b c");
  CHECK_FALSE(wire::percent_decoded("%4", false));
  CHECK_FALSE(wire::percent_decoded("%zz", false));
  const auto form = wire::parse_form("value=24&unit=%C2%B0C&empty=&&alone");
  REQUIRE(form);
  CHECK(*form == std::vector<std::pair<std::string, std::string>>{{"value", "24"},
                                                                  {"unit",
                                                                   "\xc2\xb0"
                                                                   "C"},
                                                                  {"empty", ""},
                                                                  {"alone", ""}});
  CHECK(*wire::path_of("/api/v1/a%20b?x=/y") == std::vector<std::string>{"api", "v1", "a b"});
  CHECK(*wire::path_of("/") == std::vector<std::string>{""});
  CHECK_FALSE(wire::path_of("*"));
  CHECK(wire::query_of("/a?b=c") == "b=c");
}

TEST_CASE("the calendar") {
  CHECK(http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110, 5.6.7
  CHECK(http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(http_date(1646257460) == "Wed, 02 Mar 2022 21:44:20 GMT");
  CHECK(iso_date(951782400) == "2000-02-29T00:00:00Z");
  CHECK(iso_date(4107542399) == "2100-02-28T23:59:59Z");
  CHECK(iso_date(4107542400) == "2100-03-01T00:00:00Z");
  CHECK(iso_date(-1) == "1969-12-31T23:59:59Z");
}
