// A file of NDJSON, one finding a line, appended. It may be rotated: the next finding goes into the
// file that then has the name.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/fd.h"
#include "output/format/roster.h"
#include "output/sink/roster.h"

namespace mailvigil::output::sink {

namespace {

class File final : public Delivery {
  public:
    explicit File(std::string path) : path_(std::move(path)) {}

    Result<void> deliver(std::string_view messages) override {
        TRY(open());
        while (!messages.empty()) {
            const ssize_t done = ::write(file_.number(), messages.data(), messages.size());
            if (done < 0 && errno != EINTR) {
                return refused();
            }
            messages.remove_prefix(done < 0 ? 0 : static_cast<std::size_t>(done));
        }
        return {};
    }

    /// The file that has the name now.
    Result<void> open() {
        struct stat there{};
        struct stat held{};
        if (file_ && ::stat(path_.c_str(), &there) == 0 && ::fstat(file_.number(), &held) == 0 &&
            there.st_ino == held.st_ino && there.st_dev == held.st_dev) {
            return {};
        }
        file_ = Fd(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
        return file_ ? Result<void>() : refused();
    }

  private:
    [[nodiscard]] std::unexpected<Error> refused() const {
        return fail(ErrorCode::unwritable,
                    fmt::format("cannot write {}: {}", path_, std::strerror(errno)));
    }

    std::string path_;
    Fd file_;
};

void render(const Event& event, std::uint64_t /*leaf*/, std::string& out) {
    static const Format* const ndjson =
        *std::ranges::find(format::roster(), "ndjson", &Format::name);
    ndjson->render(event, {}, out);
}

Result<std::unique_ptr<Delivery>> open(const std::string& target) {
    auto file = std::make_unique<File>(target);
    TRY(file->open());
    return file;
}

}  // namespace

extern const Sink file{.name = "file",
                       .summary = "appends findings to a file, one JSON object a line",
                       .target = "PATH",
                       .render = render,
                       .open = open};

}  // namespace mailvigil::output::sink
