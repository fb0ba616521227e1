#include "cli/printer.h"

#include <cerrno>
#include <cstdio>
#include <utility>

#include "cli/question.h"

namespace mailvigil::cli {

Printer::Printer(const output::Format& format, std::function<void()> before_showing)
    : format_(format), before_showing_(std::move(before_showing)), medium_(standard_medium()) {}

void Printer::print(const Event& event) {
    if (error_ != 0) {
        return;
    }
    format_.render(event, medium_, held_);
    if (held_.size() >= kHeldBytesMax) {
        flush();
    }
}

void Printer::flush() {
    if (error_ != 0 || held_.empty()) {
        return;
    }
    if (before_showing_) {
        before_showing_();
    }
    errno = 0;
    if (std::fwrite(held_.data(), 1, held_.size(), stdout) != held_.size() ||
        std::fflush(stdout) != 0) {
        error_ = errno == 0 ? EIO : errno;
    }
    held_.clear();
}

}  // namespace mailvigil::cli
