// The kernel's own eyes: eBPF programs on tracepoints and the page cache. Who did what is settled
// in the kernel, at the moment it happens.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <utility>

#include "sensor/ebpf/decoder.h"
#include "sensor/ebpf/object.h"
#include "sensor/feed/roster.h"
#include "sensor/world.h"

namespace mailvigil::sensor::feed {

namespace {

using ebpf::Decoder;
using ebpf::Object;
using ebpf::SumBook;
using ebpf::Told;

constexpr std::uint64_t kSecond = 1'000'000'000;
/// A sum without an access for so long is closed; the next access begins a new one.
constexpr std::uint64_t kIdle = 30 * kSecond;
/// A record may wait so long in the ring before it is taken for lost.
constexpr std::uint64_t kLate = 2 * kSecond;
/// Counts are read so often.
constexpr std::uint64_t kPeriod = kSecond;
/// Records taken in one go, so that a storm does not keep the rest waiting.
constexpr std::size_t kRecordsMax = 65'536;

class EbpfFeed final : public Feed {
  public:
    EbpfFeed(World& world, std::unique_ptr<Object> object)
        : world_(world), object_(std::move(object)), decoder_(world, sums_) {
        for (const std::uint32_t pid : world_.processes.read_proc()) {
            running_.push_back(pid);
        }
        checked_ = BootClock::now();
        before_ = object_->counts();
    }

    [[nodiscard]] int fd() const override { return object_->fd(); }

    bool drain(EventBatch& batch) override {
        for (; !running_.empty(); running_.pop_front()) {
            if (batch.full()) {
                return true;
            }
            give_running(running_.front(), batch);
        }
        if (batch.full()) {
            return true;
        }
        const bool more = object_->consume([&](std::span<const std::byte> record) {
            decoder_.decode(record, batch);
            decoder_.give_fed(batch);
            return !batch.full() && ++taken_ < kRecordsMax;
        });
        if (decoder_.give_fed(batch)) {
            return true;
        }
        if (taken_ >= kRecordsMax) {
            taken_ = 0;
            return false;
        }
        taken_ = more ? taken_ : 0;
        return more;
    }

    bool settle(EventBatch& batch) override {
        for (const auto& [pid, start] : std::exchange(world_.carriers, {})) {
            object_->add_carrier(pid, start);
        }
        for (const FileKey& key : std::exchange(world_.derived, {})) {
            object_->add_derived(key);
        }
        const std::uint64_t now = BootClock::now();
        if (!world_.ended.empty() && lost_in(object_->counts()) != lost_in(before_)) {
            // Sums whose first record was lost must come before the end of their process.
            read_sums(now);
        }
        for (const EndedProcess& ended : world_.ended) {
            for (const mv_sum_key& key : sums_.take(ended.who.tgid, ended.who.start)) {
                close(key);
            }
            waiting_.push_back({.ended = ended, .is_exit = true});
        }
        world_.ended.clear();
        if (now >= checked_ + kPeriod) {
            note_losses(now);
            read_sums(now);
            world_.processes.sweep(now);
            checked_ = now;
        }
        for (; !waiting_.empty() && !batch.full(); waiting_.pop_front()) {
            give(waiting_.front(), batch);
        }
        return !waiting_.empty();
    }

    Result<> update() override {
        TRY(object_->set_plan(world_.plan));
        return {};
    }

    void list_open_files() {
        const auto listed = object_->list_open_files();
        if (!listed) {
            more_limitations_.push_back(
                {listed.error().message, "what is open at start is not known"});
        }
    }

    [[nodiscard]] FeedCounts counts() const override {
        const mv_counts kernel = object_->counts();
        FeedCounts counts;
        counts.records = decoder_.counts().records;
        counts.events = decoder_.counts().events;
        counts.dropped = lost_in(kernel);
        counts.unattributed = world_.processes.unattributed();
        counts.accesses = kernel.accesses;
        return counts;
    }

    [[nodiscard]] std::vector<Limitation> limitations() const override {
        std::vector<Limitation> all = object_->limitations();
        all.insert(all.end(), more_limitations_.begin(), more_limitations_.end());
        if (world_.plan.left_out() != 0) {
            all.push_back(
                {fmt::format("the watch plan has {} places too many", world_.plan.left_out()),
                 "those are not watched"});
        }
        if (world_.plan.scan_was_cut()) {
            all.push_back({"not all watched files were looked at for second names",
                           "reads of one through a hard link elsewhere may not be seen"});
        }
        return all;
    }

  private:
    struct Waiting {
        Told told{};
        std::uint64_t count = 0;
        std::uint64_t last = 0;
        EndedProcess ended{};
        Loss loss{};
        mv_sum_key key{};
        mv_sum sum{};
        bool is_exit = false;
        bool is_loss = false;
        bool is_untold = false;
    };

    static std::uint64_t lost_in(const mv_counts& counts) {
        std::uint64_t lost = 0;
        for (const std::uint64_t dropped : counts.dropped) {
            lost += dropped;
        }
        return lost;
    }

    void give(const Waiting& waiting, EventBatch& batch) {
        if (waiting.is_exit) {
            decoder_.give_exit(waiting.ended, batch);
        } else if (waiting.is_loss) {
            give_gap(waiting.loss, batch);
        } else if (waiting.is_untold) {
            decoder_.give_untold(waiting.key, waiting.sum, batch);
        } else {
            decoder_.give_count(waiting.told, waiting.count, waiting.last, batch);
        }
    }

    void give_running(std::uint32_t pid, EventBatch& batch) {
        const Life* life = world_.processes.find(pid);
        if (life == nullptr || life->ended != 0) {
            return;
        }
        Event& event = start_event(
            world_, *life, EventClass::process_start, world_.clock.time(life->who.start), batch);
        event.set_event_action("was running");
        set_image(world_, *life, event, batch.arena());
    }

    /// Takes a sum out of the kernel and gives what of it was not given.
    void close(const mv_sum_key& key) {
        Told* told = sums_.find(key);
        mv_sum sum{};
        if (told != nullptr && object_->take_sum(key, sum) && sum.count > told->given) {
            waiting_.push_back({.told = *told, .count = sum.count - told->given, .last = sum.last});
        }
        sums_.remove(key);
    }

    void read_sums(std::uint64_t now) {
        for (const auto& [key, sum] : object_->sums()) {
            Told* told = sums_.find(key);
            if (told == nullptr) {
                if (sum.told == 0 || sum.last + kLate < now) {
                    mv_sum taken{};
                    if (object_->take_sum(key, taken) && taken.count != 0) {
                        waiting_.push_back({.key = key, .sum = taken, .is_untold = true});
                    }
                }
                continue;
            }
            if (sum.last + kIdle < now) {
                close(key);
            } else if (sum.count > told->given) {
                waiting_.push_back(
                    {.told = *told, .count = sum.count - told->given, .last = sum.last});
                told->given = sum.count;
            }
        }
    }

    void note_losses(std::uint64_t now) {
        const mv_counts counts = object_->counts();
        const std::uint64_t lost = lost_in(counts) - lost_in(before_);
        if (lost != 0) {
            waiting_.push_back({.loss = {.reason = "the ring of the eBPF sensor was full",
                                         .lost = lost,
                                         .start = world_.clock.time(checked_),
                                         .end = world_.clock.time(now)},
                                .is_loss = true});
        }
        before_ = counts;
    }

    World& world_;
    std::unique_ptr<Object> object_;
    SumBook sums_;
    Decoder decoder_;
    std::deque<std::uint32_t> running_;
    std::deque<Waiting> waiting_;
    std::vector<Limitation> more_limitations_;
    mv_counts before_{};
    std::uint64_t checked_ = 0;
    std::size_t taken_ = 0;
};

Result<std::unique_ptr<Feed>> open(World& world) {
    std::unique_ptr<Object> object = TRY(Object::load());
    TRY(object->set_plan(world.plan));
    auto feed = std::make_unique<EbpfFeed>(world, std::move(object));
    feed->list_open_files();
    return feed;
}

constexpr Capability kCapabilities[] = {Capability::process_life,
                                        Capability::identity,
                                        Capability::file_open,
                                        Capability::file_read,
                                        Capability::block_device,
                                        Capability::network,
                                        Capability::mounts};

}  // namespace

extern constinit const Sensor ebpf;
constinit const Sensor ebpf{
    .name = "ebpf",
    .summary =
        "eBPF on tracepoints and the page cache: processes, opened and read files, connections",
    .capabilities = kCapabilities,
    .open = open};

}  // namespace mailvigil::sensor::feed
