#include "gui/prose.hpp"

#include <md4c.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "gui/paint.hpp"

namespace wirelab::gui {
namespace {

class Page {
 public:
  Page(const Skin& skin, ImDrawList* list, ImVec2 at, float width, Colour colour)
      : skin_(skin), list_(list), left_(at.x), top_(at.y), right_(at.x + width), y_(at.y), colour_(colour) {}
  float height() const { return y_ - top_; }

  void enter(MD_BLOCKTYPE type, void* detail) {
    if (type == MD_BLOCK_UL || type == MD_BLOCK_OL) {
      flush();
      lists_.push_back(type == MD_BLOCK_OL ? static_cast<int>(static_cast<MD_BLOCK_OL_DETAIL*>(detail)->start) : 0);
    } else if (type == MD_BLOCK_LI) {
      const int number = lists_.back();
      marker_ = number == 0 ? "\xe2\x80\xa2" : std::to_string(number) + ".";
      if (number != 0) ++lists_.back();
    } else if (type == MD_BLOCK_CODE) {
      flush();
      block_ = true;
    } else if (type == MD_BLOCK_H) {
      heading_ = true;
    }
  }
  void leave(MD_BLOCKTYPE type) {
    if (type == MD_BLOCK_UL || type == MD_BLOCK_OL) {
      lists_.pop_back();
      if (lists_.empty()) gap();
    } else if (type == MD_BLOCK_CODE) {
      lines_of_code();
      block_ = false;
      gap();
    } else if (type == MD_BLOCK_P || type == MD_BLOCK_H) {
      flush();
      heading_ = false;
      if (lists_.empty()) gap();
    } else if (type == MD_BLOCK_LI) {
      flush();
    }
  }
  void span(MD_SPANTYPE type, bool begins) { (type == MD_SPAN_CODE ? code_ : strong_) = begins; }
  void text(MD_TEXTTYPE type, std::string_view text) {
    if (block_) {
      code_lines_ += text;
      return;
    }
    if (type == MD_TEXT_SOFTBR || type == MD_TEXT_BR) {
      spaced_ = true;
      return;
    }
    while (!text.empty()) {
      if (text.front() == ' ') {
        spaced_ = true;
        text.remove_prefix(1);
        continue;
      }
      const std::string_view word = text.substr(0, text.find(' '));
      words_.push_back({font(), std::string(word), code_, spaced_ && !words_.empty()});
      spaced_ = false;
      text.remove_prefix(word.size());
    }
  }

 private:
  struct Word {
    ImFont* font;
    std::string text;
    bool code, spaced;
  };
  ImFont* font() const {
    return heading_  ? skin_.fonts.heading
           : code_   ? skin_.fonts.mono_small
           : strong_ ? skin_.fonts.small_strong
                     : skin_.fonts.small;
  }
  float line_height() const { return skin_.px(heading_ ? 28 : 23); }
  void gap() { y_ += skin_.px(9); }

  // What was gathered, a line after the other. Words without a space between them stay together.
  void flush() {
    if (words_.empty()) return;
    const float indent = static_cast<float>(lists_.size()) * skin_.px(18);
    const float begin = left_ + indent;
    if (!marker_.empty()) {
      draw(skin_.fonts.small, begin - skin_.px(14), marker_, false);
      marker_.clear();
    }
    const float space = measure(skin_.fonts.small, " ").x;
    float x = begin;
    std::string run;  // of one font, drawn at once
    float run_x = x;
    const Word* of_run = nullptr;
    const auto end_run = [&] {
      if (of_run != nullptr) draw(of_run->font, run_x, run, of_run->code);
      run.clear();
      of_run = nullptr;
    };
    for (std::size_t i = 0; i < words_.size();) {
      std::size_t end = i + 1;
      float wide = measure(words_[i].font, words_[i].text).x;
      for (; end < words_.size() && !words_[end].spaced; ++end) wide += measure(words_[end].font, words_[end].text).x;
      if (words_[i].spaced && x + space + wide > right_ && x > begin) {
        end_run();
        x = begin;
        y_ += line_height();
      } else if (words_[i].spaced) {
        if (of_run != nullptr && of_run->font == words_[i].font) {
          run += ' ';
        } else {
          end_run();
        }
        x += of_run != nullptr ? measure(of_run->font, " ").x : space;
      }
      for (; i < end; ++i) {
        if (of_run == nullptr || of_run->font != words_[i].font) {
          end_run();
          of_run = &words_[i];
          run_x = x;
        }
        run += words_[i].text;
        x += measure(words_[i].font, words_[i].text).x;
      }
    }
    end_run();
    y_ += line_height();
    words_.clear();
    spaced_ = false;
  }

  void draw(ImFont* font, float x, const std::string& text, bool code) {
    if (list_ == nullptr) return;
    text_at(*list_, font, x, y_ + line_height() * 0.5f, skin_(code ? Colour::info : colour_), text);
  }

  void lines_of_code() {
    const float begin = y_;
    std::size_t lines = 0;
    for (const char c : code_lines_) lines += c == '\n' ? 1 : 0;
    const float tall = static_cast<float>(lines) * skin_.px(21) + skin_.px(12);
    if (list_ != nullptr)
      list_->AddRectFilled({left_, begin}, {right_, begin + tall}, skin_(Colour::raised), skin_.px(6));
    y_ += skin_.px(6);
    for (std::size_t at = 0; at < code_lines_.size();) {
      const std::size_t end = std::min(code_lines_.find('\n', at), code_lines_.size());
      if (list_ != nullptr)
        text_at(*list_, skin_.fonts.mono_small, left_ + skin_.px(8), y_ + skin_.px(10.5f), skin_(Colour::text),
                shortened(skin_.fonts.mono_small, code_lines_.substr(at, end - at), right_ - left_ - skin_.px(16)));
      y_ += skin_.px(21);
      at = end + 1;
    }
    y_ = begin + tall;
    code_lines_.clear();
  }

  const Skin& skin_;
  ImDrawList* list_;
  float left_, top_, right_, y_;
  Colour colour_;
  std::vector<Word> words_;
  std::vector<int> lists_;  // the next number of each that is open; 0: bullets
  std::string marker_, code_lines_;
  bool strong_ = false, code_ = false, heading_ = false, block_ = false, spaced_ = false;
};

}  // namespace

float draw_prose(const Skin& skin, ImDrawList* list, ImVec2 at, float width, const std::string& markdown,
                 Colour colour) {
  Page page(skin, list, at, width, colour);
  MD_PARSER parser{};
  parser.flags = MD_FLAG_NOHTML;
  parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* self) {
    static_cast<Page*>(self)->enter(type, detail);
    return 0;
  };
  parser.leave_block = [](MD_BLOCKTYPE type, void*, void* self) {
    static_cast<Page*>(self)->leave(type);
    return 0;
  };
  parser.enter_span = [](MD_SPANTYPE type, void*, void* self) {
    static_cast<Page*>(self)->span(type, true);
    return 0;
  };
  parser.leave_span = [](MD_SPANTYPE type, void*, void* self) {
    static_cast<Page*>(self)->span(type, false);
    return 0;
  };
  parser.text = [](MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size, void* self) {
    static_cast<Page*>(self)->text(type, {text, size});
    return 0;
  };
  md_parse(markdown.data(), static_cast<MD_SIZE>(markdown.size()), &parser, &page);
  return page.height();
}

void prose(const Skin& skin, const std::string& markdown, Colour colour, float margin) {
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x - skin.px(margin);
  const float height = draw_prose(skin, ImGui::GetWindowDrawList(), at, width, markdown, colour);
  ImGui::Dummy({width, height});
}

}  // namespace wirelab::gui
