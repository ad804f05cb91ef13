// What a desktop does to a window, for the tests: drop a file onto it (the XDND protocol, version 5, as a file manager speaks it) and
// ask it to close (WM_DELETE_WINDOW, ICCCM 4.2.8.1), which xdotool cannot do.
// Usage: desktop drop WINDOW FILE | desktop close WINDOW. Ends with 0 once the window has taken it, 1 if it did not within 10 s.
#include <X11/Xlib.h>
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

struct Desktop {
  Display* display;
  Window window;      // that something is done to
  Window source = 0;  // ours, that a file is dragged from

  Atom atom(const char* name) const { return XInternAtom(display, name, False); }

  void say(const char* message, long a, long b = 0, long c = 0, long d = 0, long e = 0) const {
    XEvent event{};
    event.xclient.type = ClientMessage;
    event.xclient.window = window;
    event.xclient.message_type = atom(message);
    event.xclient.format = 32;
    const long data[] = {a, b, c, d, e};
    std::memcpy(event.xclient.data.l, data, sizeof data);
    XSendEvent(display, window, False, NoEventMask, &event);
    XFlush(display);
  }

  // The next event that was sent to us, or false after ten seconds.
  bool next(XEvent& event) const {
    if (XPending(display) == 0) {
      pollfd ready{ConnectionNumber(display), POLLIN, 0};
      if (poll(&ready, 1, 10'000) <= 0) return false;
    }
    XNextEvent(display, &event);
    return true;
  }

  int close() const {
    say("WM_PROTOCOLS", static_cast<long>(atom("WM_DELETE_WINDOW")), CurrentTime);
    XSync(display, False);
    return 0;
  }

  int drop(const std::string& file) {
    source = XCreateSimpleWindow(display, DefaultRootWindow(display), 0, 0, 1, 1, 0, 0, 0);
    const Atom list = atom("text/uri-list");
    const std::string text = "file://" + file + "\r\n";
    XSetSelectionOwner(display, atom("XdndSelection"), source, CurrentTime);
    const long from = static_cast<long>(source);
    say("XdndEnter", from, 5L << 24, static_cast<long>(list));
    say("XdndPosition", from, 0, (400L << 16) | 300, CurrentTime, static_cast<long>(atom("XdndActionCopy")));
    XEvent event;
    while (next(event)) {
      if (event.type == SelectionRequest) {
        const XSelectionRequestEvent& asked = event.xselectionrequest;
        XChangeProperty(display, asked.requestor, asked.property, asked.target, 8, PropModeReplace,
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
        XEvent answer{};
        answer.xselection = {SelectionNotify, 0,         True, display, asked.requestor, asked.selection, asked.target,
                             asked.property,  asked.time};
        XSendEvent(display, asked.requestor, False, NoEventMask, &answer);
        XFlush(display);
      } else if (event.type == ClientMessage && event.xclient.message_type == atom("XdndStatus")) {
        if ((event.xclient.data.l[1] & 1) == 0) return 1;  // it does not want it
        say("XdndDrop", from, 0, CurrentTime);
      } else if (event.type == ClientMessage && event.xclient.message_type == atom("XdndFinished")) {
        return 0;
      }
    }
    return 1;
  }
};

}  // namespace

int main(int count, char** words) {
  const std::string what = count > 1 ? words[1] : "";
  if (!(what == "close" && count == 3) && !(what == "drop" && count == 4)) {
    std::fputs("usage: desktop drop WINDOW FILE | desktop close WINDOW\n", stderr);
    return 2;
  }
  Desktop desktop{XOpenDisplay(nullptr), std::strtoul(words[2], nullptr, 0)};
  if (desktop.display == nullptr) return 1;
  const int done = what == "close" ? desktop.close() : desktop.drop(words[3]);
  XCloseDisplay(desktop.display);
  return done;
}
