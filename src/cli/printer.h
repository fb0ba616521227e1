// Printer: events to standard output in a format. What was printed is shown by flush(), so that it
// can be made sure of first.
#pragma once

#include <functional>
#include <string>

#include "event/event.h"
#include "output/format.h"

namespace mailvigil::cli {

class Printer {
  public:
    /// So much is held back at most before flush() is called for.
    static constexpr std::size_t kHeldBytesMax = 256 * 1024;

    /// `before_showing` is called before anything is shown; may be empty.
    Printer(const output::Format& format, std::function<void()> before_showing);

    void print(const Event& event);

    /// Shows what was printed.
    void flush();

    [[nodiscard]] bool is_empty() const { return held_.empty(); }

    /// Why output failed, errno(3); 0: it did not. A reader that went away (`| head`) is EPIPE.
    [[nodiscard]] int error() const { return error_; }

  private:
    const output::Format& format_;
    std::function<void()> before_showing_;
    output::Medium medium_;
    std::string held_;
    int error_ = 0;
};

}  // namespace mailvigil::cli
