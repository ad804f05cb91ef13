#include "sim/wire/http.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace wirelab::http {
namespace {

constexpr std::array<std::string_view, 8> kMethods{"", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || kMarks.find(c) != std::string_view::npos;
  });
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); });
}

void append(std::vector<std::uint8_t>& out, std::string_view text) { out.insert(out.end(), text.begin(), text.end()); }

void append_fields(const Fields& fields, std::vector<std::uint8_t>& out) {
  for (const Field& field : fields) {
    append(out, field.name);
    append(out, ": ");
    append(out, field.value);
    append(out, "\r\n");
  }
  append(out, "\r\n");
}

// Digits only; false where there are none, or too many.
bool read_number(std::string_view text, int base, std::uint64_t& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into, base);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

tl::unexpected<Malformed> wrong(std::string_view what, int status = 400) {
  return tl::unexpected(Malformed{status, what});
}

}  // namespace

Method method_of(std::string_view text) {
  const auto found = std::find(kMethods.begin() + 1, kMethods.end(), text);
  return found == kMethods.end() ? Method::other : static_cast<Method>(found - kMethods.begin());
}

std::string_view name_of(Method method) { return kMethods[static_cast<std::size_t>(method)]; }

const std::string* find(const Fields& fields, std::string_view name) {
  for (const Field& field : fields) {
    if (same(field.name, name)) return &field.value;
  }
  return nullptr;
}

bool has_token(const Fields& fields, std::string_view name, std::string_view token) {
  for (const Field& field : fields) {
    if (!same(field.name, name)) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      if (same(trimmed(rest.substr(0, comma)), token)) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

std::string_view reason_of(int status) {
  switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return {};
  }
}

void encode_head(const Request& request, std::vector<std::uint8_t>& out) {
  append(out, request.method);
  append(out, " ");
  append(out, request.target);
  append(out, " HTTP/1.1\r\n");
  append_fields(request.fields, out);
}

void encode_head(const Response& response, std::vector<std::uint8_t>& out) {
  append(out, "HTTP/1.1 ");
  append(out, std::to_string(response.status));
  append(out, " ");
  append(out, reason_of(response.status));
  append(out, "\r\n");
  append_fields(response.fields, out);
}

void encode_chunk(std::string_view text, std::vector<std::uint8_t>& out) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), text.size(), 16).ptr;
  append(out, {digits.data(), static_cast<std::size_t>(end - digits.data())});
  append(out, "\r\n");
  append(out, text);
  append(out, "\r\n");
}

tl::expected<std::size_t, Malformed> MessageReader::take(Bytes bytes) {
  std::size_t at = 0;
  while (at < bytes.size() && state_ != State::whole) {
    const std::string_view rest = wire::text_of(bytes.subspan(at));
    if (state_ == State::length || state_ == State::chunk || state_ == State::until_end) {
      const auto size = static_cast<std::size_t>(
          state_ == State::until_end ? rest.size() : std::min<std::uint64_t>(left_, rest.size()));
      if (message_.body.size() + size > limits_.body) return wrong("the body is larger than is allowed here", 413);
      message_.body.append(rest.substr(0, size));
      at += size;
      if (state_ == State::until_end) continue;
      left_ -= size;
      if (left_ == 0) state_ = state_ == State::length ? State::whole : State::chunk_end;
      continue;
    }
    // A line: what came before waits in line_. A lone LF ends it, too (RFC 9112, 2.2).
    const std::size_t end = rest.find('\n');
    const std::size_t size = std::min(end == std::string_view::npos ? rest.size() : end + 1, rest.size());
    head_size_ += size;
    if (head_size_ > limits_.head) {
      return state_ == State::start ? wrong("the request line is longer than is allowed here", 414)
                                    : wrong("the fields are larger than is allowed here", 431);
    }
    line_.append(rest.substr(0, size));
    at += size;
    if (end == std::string_view::npos) break;
    line_.pop_back();
    if (!line_.empty() && line_.back() == '\r') line_.pop_back();
    if (const Result taken = take_line(); !taken) return tl::unexpected(taken.error());
    line_.clear();
  }
  return at;
}

MessageReader::Result MessageReader::take_line() {
  switch (state_) {
    case State::start:
      if (line_.empty()) return {};  // before a start line empty ones are passed over (RFC 9112, 2.2)
      return take_start();
    case State::fields: return line_.empty() ? end_of_head() : take_field();
    case State::chunk_size: return take_chunk_size();
    case State::chunk_end:
      if (!line_.empty()) return wrong("a chunk does not end where its size says");
      head_size_ = 0;
      state_ = State::chunk_size;
      return {};
    case State::trailers:
      if (line_.empty()) state_ = State::whole;  // trailers themselves are passed over (RFC 9110, 6.5.1)
      return {};
    default: return {};
  }
}

MessageReader::Result MessageReader::take_start() {
  if (!is_printable(line_)) return wrong("the start line holds bytes that are no text");
  std::string_view version = line_;
  if (of_ == Of::requests) {
    const std::size_t first = line_.find(' ');
    const std::size_t last = line_.rfind(' ');
    if (first == std::string::npos || first == last) return wrong("a request begins with METHOD TARGET HTTP/1.1");
    message_.method = line_.substr(0, first);
    message_.target = line_.substr(first + 1, last - first - 1);
    version = std::string_view(line_).substr(last + 1);
    if (!is_token(message_.method)) return wrong("the method is no token");
    if (message_.target.empty() || message_.target.find_first_of(" \t") != std::string::npos)
      return wrong("the target has a space");
  } else {
    const std::size_t space = line_.find(' ');
    std::uint64_t status = 0;
    if (space == std::string::npos || !read_number(std::string_view(line_).substr(space + 1, 3), 10, status) ||
        status < 100 || (line_.size() > space + 4 && line_[space + 4] != ' '))
      return wrong("a response begins with HTTP/1.1 and a status of three digits");
    status_ = static_cast<int>(status);
    version = version.substr(0, space);
  }
  if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.')
    return wrong("the version is none, as HTTP/1.1 is");
  if (version[5] != '1') return wrong("the version is none that is spoken here", 505);
  minor_version_ = version[7] == '0' ? 0 : 1;
  state_ = State::fields;
  return {};
}

MessageReader::Result MessageReader::take_field() {
  // A line that goes on with the one before is refused (RFC 9112, 5.2), and so is a space before the colon (5.1).
  const std::size_t colon = line_.find(':');
  if (colon == std::string::npos || !is_token(std::string_view(line_).substr(0, colon)))
    return wrong("a field is written as NAME: VALUE");
  const std::string_view value = trimmed(std::string_view(line_).substr(colon + 1));
  if (!is_printable(value)) return wrong("a field's value holds bytes that are no text");
  message_.fields.push_back({line_.substr(0, colon), std::string(value)});
  return {};
}

MessageReader::Result MessageReader::take_chunk_size() {
  // What follows a semicolon is an extension, which nobody needs to know (RFC 9112, 7.1.1).
  const std::string_view digits = trimmed(std::string_view(line_).substr(0, line_.find(';')));
  if (digits.size() > 15 || !read_number(digits, 16, left_))
    return wrong("the size of a chunk is no hexadecimal number");
  head_size_ = 0;
  if (left_ > limits_.body) return wrong("the body is larger than is allowed here", 413);
  state_ = left_ == 0 ? State::trailers : State::chunk;
  return {};
}

// RFC 9112, 6.3.
MessageReader::Result MessageReader::end_of_head() {
  head_size_ = 0;
  const bool is_request = of_ == Of::requests;
  if (is_request && minor_version_ == 1 && find(message_.fields, "Host") == nullptr)
    return wrong("a request of HTTP/1.1 has a Host field");  // RFC 9112, 3.2
  const bool informs = !is_request && status_ < 200;
  if (informs || (!is_request && (answers_head_ || status_ == 204 || status_ == 304))) {
    state_ = State::whole;
    return {};
  }
  const std::string* const coding = find(message_.fields, "Transfer-Encoding");
  const std::string* length = nullptr;
  for (const Field& field : message_.fields) {
    if (!same(field.name, "Content-Length")) continue;
    if (length != nullptr && *length != field.value) return wrong("two lengths of the body");
    length = &field.value;
  }
  if (coding != nullptr) {
    // With both, it may be an attempt to smuggle a request past somebody (RFC 9112, 6.1).
    if (length != nullptr) return wrong("both Transfer-Encoding and Content-Length");
    if (!same(trimmed(*coding), "chunked")) return wrong("a transfer coding that is not known here", 501);
    state_ = State::chunk_size;
  } else if (length != nullptr) {
    if (length->size() > 15 || !read_number(*length, 10, left_)) return wrong("Content-Length is no number");
    if (left_ > limits_.body) return wrong("the body is larger than is allowed here", 413);
    state_ = left_ == 0 ? State::whole : State::length;
  } else {
    state_ = is_request ? State::whole : State::until_end;
  }
  return {};
}

bool MessageReader::end() {
  if (state_ != State::until_end) return false;
  state_ = State::whole;
  return true;
}

void MessageReader::next() {
  state_ = State::start;
  answers_head_ = false;
  line_.clear();
  head_size_ = 0;
  left_ = 0;
  status_ = 0;
  message_ = Request{};
}

bool MessageReader::keeps_connection() const {
  if (of_ == Of::responses && state_ == State::until_end) return false;
  if (has_token(message_.fields, "Connection", "close")) return false;
  return minor_version_ == 1 || has_token(message_.fields, "Connection", "keep-alive");
}

}  // namespace wirelab::http
