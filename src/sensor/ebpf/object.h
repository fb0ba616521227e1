// Object: the programs in the kernel. Each is loaded if the kernel takes it; what it does not take
// is named, with what follows from that.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "sensor/ebpf/wire.h"
#include "sensor/sensor.h"
#include "sensor/watch_plan.h"

struct bpf_link;
struct bpf_object;
struct bpf_program;
struct ring_buffer;

namespace mailvigil::sensor::ebpf {

class Object {
  public:
    /// Called with each record of the ring; false: stop after this one.
    using Sink = std::function<bool(std::span<const std::byte>)>;

    /// Which of the two ways of compiling may be used.
    enum class Kind : std::uint8_t { any, plain };

    /// Loads and attaches what the kernel takes. Fails where nothing useful is left.
    static Result<std::unique_ptr<Object>> load(Kind kind = Kind::any);
    ~Object();
    Object(const Object&) = delete;
    Object& operator=(const Object&) = delete;

    /// Readable when a quarter of the ring is full; look every few milliseconds as well.
    [[nodiscard]] int fd() const;

    /// Gives the records that are there to the sink. True: it stopped before the end.
    bool consume(const Sink& sink);

    /// Bytes that wait in the ring.
    [[nodiscard]] bool has_waiting() const;

    Result<> set_plan(const PlanBook& plan);

    /// Runs over everything that is open; what is watched comes as records.
    Result<> list_open_files();

    /// From now on the process carries mail, and the file holds some.
    void add_carrier(std::uint32_t pid, std::uint64_t start) const;
    void add_derived(const FileKey& key) const;

    /// All sums that are open.
    std::vector<std::pair<mv_sum_key, mv_sum>> sums() const;

    /// Takes one out; false: not there.
    bool take_sum(const mv_sum_key& key, mv_sum& sum) const;

    /// Over all processors.
    [[nodiscard]] mv_counts counts() const;

    [[nodiscard]] const std::vector<Limitation>& limitations() const { return limitations_; }

    [[nodiscard]] std::span<const std::string> attached() const { return attached_; }

  private:
    Object() = default;

    Result<> choose_and_load(Kind kind);
    bool try_load(std::string_view bytes,
                  std::span<const std::string_view> programs,
                  std::string& why);
    void attach_all();
    std::string attach(bpf_program* program, std::string_view section);
    std::string attach_tracepoint(bpf_program* program, std::string_view section);
    [[nodiscard]] int map(const char* name) const;
    void set_filter(const PlanBook& plan) const;
    void set_filter_bit(std::uint64_t inode) const;
    Result<> replace_plan(const PlanBook& plan) const;

    bpf_object* object_ = nullptr;
    ring_buffer* ring_ = nullptr;
    mv_config* config_ = nullptr;  ///< shared with the kernel
    Fd tracefs_;
    Fd cgroup_;
    std::vector<bpf_link*> links_;
    std::vector<Fd> events_;
    std::vector<std::string> attached_;
    std::vector<Limitation> limitations_;
    const Sink* sink_ = nullptr;
    bool stopped_ = false;
};

}  // namespace mailvigil::sensor::ebpf
