#include "sim/view/record_filter.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <vector>

#include "sim/kernel/nearest.hpp"
#include "sim/view/words.hpp"

namespace wirelab {

struct RecordFilter::Term {
  enum class Kind : unsigned char { word, compare, negated, both, either };
  enum class Field : unsigned char { time, layer, kind, node, text, topic, qos };
  enum class Operator : unsigned char { equal, unequal, less, at_most, more, at_least, contains };
  Kind kind = Kind::word;
  Field field = Field::text;
  Operator op = Operator::contains;
  std::string value;
  double number = 0;
  std::unique_ptr<Term> left, right;
};

namespace {

using Term = RecordFilter::Term;

constexpr std::array<std::string_view, 7> kFields{"time", "layer", "kind", "node", "text", "topic", "qos"};
constexpr std::array<std::string_view, 7> kOperators{"==", "!=", "<", "<=", ">", ">=", "contains"};

bool is_number(Term::Field field) { return field == Term::Field::time || field == Term::Field::qos; }

template <std::size_t N>
std::size_t place_in(const std::array<std::string_view, N>& words, std::string_view word) {
  std::size_t i = 0;
  while (i < N && words[i] != word) ++i;
  return i;
}

// Thrown inside this file only.
struct Wrong {
  std::string what;
};

struct Token {
  std::string text;
  bool quoted = false;
};

std::vector<Token> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  std::size_t i = 0;
  while (i < text.size()) {
    const char c = text[i];
    if (c == ' ' || c == '\t') {
      ++i;
    } else if (c == '"') {
      const std::size_t end = text.find('"', i + 1);
      if (end == std::string_view::npos) throw Wrong{"a quotation mark is not closed"};
      tokens.push_back({std::string(text.substr(i + 1, end - i - 1)), true});
      i = end + 1;
    } else if (c == '(' || c == ')') {
      tokens.push_back({std::string(1, c), false});
      ++i;
    } else if (std::string_view("=!<>&|").find(c) != std::string_view::npos) {
      std::size_t end = i + 1;
      while (end < text.size() && std::string_view("=&|").find(text[end]) != std::string_view::npos) ++end;
      tokens.push_back({std::string(text.substr(i, end - i)), false});
      i = end;
    } else {
      const std::size_t end = std::min(text.find_first_of(" \t\"()=!<>&|", i), text.size());
      tokens.push_back({std::string(text.substr(i, end - i)), false});
      i = end;
    }
  }
  return tokens;
}

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  std::unique_ptr<Term> whole() {
    if (tokens_.empty()) return nullptr;
    auto term = either(0);
    if (at_ < tokens_.size()) throw Wrong{"a bracket is closed that was not opened"};
    return term;
  }

 private:
  bool is(std::string_view word) const {
    return at_ < tokens_.size() && !tokens_[at_].quoted && tokens_[at_].text == word;
  }
  static std::unique_ptr<Term> join(Term::Kind kind, std::unique_ptr<Term> left, std::unique_ptr<Term> right) {
    auto made = std::make_unique<Term>();
    made->kind = kind;
    made->left = std::move(left);
    made->right = std::move(right);
    return made;
  }

  std::unique_ptr<Term> either(int depth) {
    auto term = both(depth);
    while (is("or") || is("||")) {
      ++at_;
      term = join(Term::Kind::either, std::move(term), both(depth));
    }
    return term;
  }
  // What stands side by side must all hold, as the words of a line.
  std::unique_ptr<Term> both(int depth) {
    auto term = negation(depth);
    while (at_ < tokens_.size() && !is(")") && !is("or") && !is("||")) {
      if (is("and") || is("&&")) ++at_;
      term = join(Term::Kind::both, std::move(term), negation(depth));
    }
    return term;
  }
  std::unique_ptr<Term> negation(int depth) {
    if (depth > 100) throw Wrong{"more than a hundred brackets within one another"};
    if (at_ >= tokens_.size()) throw Wrong{"something is missing at the end"};
    if (is("not") || is("!")) {
      ++at_;
      return join(Term::Kind::negated, negation(depth + 1), nullptr);
    }
    if (is("(")) {
      ++at_;
      auto term = either(depth + 1);
      if (!is(")")) throw Wrong{"a bracket is not closed"};
      ++at_;
      return term;
    }
    return comparison();
  }

  std::unique_ptr<Term> comparison() {
    const Token first = tokens_[at_++];
    auto made = std::make_unique<Term>();
    const std::size_t op =
        at_ < tokens_.size() && !tokens_[at_].quoted ? place_in(kOperators, tokens_[at_].text) : kOperators.size();
    if (op == kOperators.size()) {
      const bool is_operator =
          !first.quoted && std::string_view("=!<>&|)").find(first.text[0]) != std::string_view::npos;
      if (is_operator) throw Wrong{fmt::format("\"{}\" stands where a field or a word is expected", first.text)};
      made->value = first.text;
      return made;
    }
    const std::size_t field = place_in(kFields, first.text);
    if (field == kFields.size()) {
      const std::string_view near = nearest(first.text, std::vector<std::string_view>(kFields.begin(), kFields.end()));
      throw Wrong{fmt::format("there is no field \"{}\"{} (fields: {})", first.text,
                              near.empty() ? "" : fmt::format(": did you mean \"{}\"?", near), RecordFilter::fields())};
    }
    ++at_;
    if (at_ >= tokens_.size()) throw Wrong{fmt::format("a value is missing after \"{}\"", kOperators[op])};
    made->kind = Term::Kind::compare;
    made->field = static_cast<Term::Field>(field);
    made->op = static_cast<Term::Operator>(op);
    made->value = tokens_[at_++].text;
    if (is_number(made->field)) {
      const char* const end = made->value.data() + made->value.size();
      const auto read = std::from_chars(made->value.data(), end, made->number);
      if (read.ec != std::errc{} || read.ptr != end || made->op == Term::Operator::contains)
        throw Wrong{fmt::format("{} is compared with a number", kFields[field])};
    } else if (made->op != Term::Operator::equal && made->op != Term::Operator::unequal &&
               made->op != Term::Operator::contains) {
      throw Wrong{fmt::format("{} is compared by ==, != or contains", kFields[field])};
    }
    return made;
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

bool tells_a_message(Kind kind) {
  return kind == Kind::message_published || kind == Kind::message_accepted || kind == Kind::message_delivered;
}

// -1 where there is none.
int qos_of(const Record& r) {
  if (tells_a_message(r.kind)) return r.field & 3;
  const bool packet = r.kind == Kind::mqtt_sent || r.kind == Kind::mqtt_received;
  return packet && ((r.field >> 4) & 15) == 3 ? (r.field >> 1) & 3 : -1;
}

bool holds(const Term& term, const TraceStore::Reader& reader, RecordNumber number) {
  const Record& r = reader.record(number);
  switch (term.kind) {
    case Term::Kind::negated: return !holds(*term.left, reader, number);
    case Term::Kind::both: return holds(*term.left, reader, number) && holds(*term.right, reader, number);
    case Term::Kind::either: return holds(*term.left, reader, number) || holds(*term.right, reader, number);
    case Term::Kind::word: {
      const std::string line =
          fmt::format("{:.6f} {} {}", static_cast<double>(r.at) / 1e9, reader.name(r.entity), words_of(reader, number));
      return line.find(term.value) != std::string::npos;
    }
    case Term::Kind::compare: break;
  }
  if (is_number(term.field)) {
    const int qos = qos_of(r);
    if (term.field == Term::Field::qos && qos < 0) return false;
    const double value = term.field == Term::Field::qos ? qos : static_cast<double>(r.at) / 1e9;
    switch (term.op) {
      case Term::Operator::equal: return value == term.number;
      case Term::Operator::unequal: return value != term.number;
      case Term::Operator::less: return value < term.number;
      case Term::Operator::at_most: return value <= term.number;
      case Term::Operator::more: return value > term.number;
      default: return value >= term.number;
    }
  }
  std::string value;
  switch (term.field) {
    case Term::Field::layer: value = name_of(layer_of(r.kind, r.field)); break;
    case Term::Field::kind: value = name_of(r.kind); break;
    case Term::Field::node: value = reader.name(r.entity); break;
    case Term::Field::topic:
      if (!tells_a_message(r.kind)) return false;
      value = reader.name(r.key);
      break;
    default: value = words_of(reader, number);
  }
  if (term.op == Term::Operator::contains) return value.find(term.value) != std::string::npos;
  return (value == term.value) == (term.op == Term::Operator::equal);
}

}  // namespace

std::string_view RecordFilter::fields() { return "time, layer, kind, node, text, topic, qos"; }

RecordFilter::RecordFilter() = default;
RecordFilter::~RecordFilter() = default;
RecordFilter::RecordFilter(RecordFilter&&) noexcept = default;
RecordFilter& RecordFilter::operator=(RecordFilter&&) noexcept = default;

tl::expected<RecordFilter, std::string> RecordFilter::parse(std::string_view text) {
  RecordFilter filter;
  try {
    filter.root_ = Parser(tokens_of(text)).whole();
  } catch (const Wrong& wrong) {
    return tl::unexpected(wrong.what);
  }
  return filter;
}

bool RecordFilter::lets_pass(const TraceStore::Reader& reader, RecordNumber number) const {
  return root_ == nullptr || holds(*root_, reader, number);
}

}  // namespace wirelab
