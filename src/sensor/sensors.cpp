#include "sensor/sensors.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <deque>
#include <utility>

#include "sensor/feed/roster.h"
#include "sensor/mount_table.h"
#include "sensor/world.h"

namespace mailvigil::sensor {

namespace {

constexpr std::array<std::string_view, 10> kCapabilityNames = {"process lives",
                                                               "identity",
                                                               "opened files",
                                                               "reads",
                                                               "names",
                                                               "block devices",
                                                               "connections",
                                                               "mounts",
                                                               "sessions",
                                                               "services"};

constexpr std::uint64_t kPlanPeriod = 1'000'000'000;

}  // namespace

std::string_view to_text(Capability capability) {
    return kCapabilityNames[static_cast<std::size_t>(capability)];
}

struct Sensors::Inside {
    struct Open {
        const Sensor* sensor = nullptr;
        std::unique_ptr<Feed> feed;
        std::string why;
    };

    enum class Phase { draining, settling, done };

    World world;
    std::vector<Open> feeds;
    std::vector<Mount> mounts;
    std::deque<std::pair<Mount, std::string_view>> mount_changes;
    std::string plan_error;  ///< why the kernel has an older plan
    std::uint64_t looked = 0;
    std::size_t at = 0;  ///< which feed comes next
    Phase phase = Phase::draining;
};

Sensors::Sensors() : inside_(std::make_unique<Inside>()) {}

Sensors::~Sensors() = default;

Result<> Sensors::open(const WatchPlan& plan, const SensorOptions& options) {
    wake_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
    timer_ = Fd(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    if (!wake_ || !timer_) {
        return fail(ErrorCode::limit, "no descriptor for waiting");
    }
    const auto add = [&](int fd) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        ::epoll_ctl(wake_.number(), EPOLL_CTL_ADD, fd, &event);
    };
    itimerspec every{};
    every.it_interval.tv_sec = options.period.count() / 1000;
    every.it_interval.tv_nsec = options.period.count() % 1000 * 1'000'000;
    every.it_value = every.it_interval;
    ::timerfd_settime(timer_.number(), 0, &every, nullptr);
    add(timer_.number());

    Inside& inside = *inside_;
    inside.mounts = read_mounts("/proc/self/mountinfo");
    inside.world.plan.set(plan);
    std::string why;
    bool any = false;
    for (const Sensor* sensor : feed::roster()) {
        Inside::Open& open = inside.feeds.emplace_back();
        open.sensor = sensor;
        if (!options.only.empty() &&
            std::ranges::find(options.only, sensor->name) == options.only.end()) {
            open.why = "not asked for";
            continue;
        }
        auto feed = sensor->open(inside.world);
        if (!feed) {
            open.why = std::move(feed.error().message);
            why += fmt::format("{}{}: {}", why.empty() ? "" : "; ", sensor->name, open.why);
            continue;
        }
        open.feed = std::move(*feed);
        any = true;
        if (open.feed->fd() >= 0) {
            add(open.feed->fd());
        }
    }
    if (!any) {
        return fail(ErrorCode::unsupported, "no sensor works here: " + why);
    }
    return {};
}

Result<std::unique_ptr<Sensors>> open_sensors(const WatchPlan& plan, const SensorOptions& options) {
    std::unique_ptr<Sensors> sensors(new Sensors);
    TRY(sensors->open(plan, options));
    return sensors;
}

void Sensors::wait(std::chrono::milliseconds patience) {
    pollfd ready{.fd = wake_.number(), .events = POLLIN, .revents = 0};
    ::poll(&ready, 1, static_cast<int>(patience.count()));
}

Result<> Sensors::update_feeds() {
    for (Inside::Open& open : inside_->feeds) {
        if (open.feed != nullptr) {
            TRY(open.feed->update());
        }
    }
    return {};
}

Result<> Sensors::set_plan(const WatchPlan& plan) {
    inside_->world.plan.set(plan);
    return update_feeds();
}

// The plan follows what happens to the tree: file systems come and go, files are replaced.
void Sensors::look_after_plan() {
    World& world = inside_->world;
    const std::uint64_t now = BootClock::now();
    const bool due = now >= inside_->looked + kPlanPeriod;
    if (due) {
        world.clock.refresh();
        inside_->looked = now;
    }
    bool changed = std::exchange(world.plan_grew, false);
    bool replaced = std::exchange(world.plan_replaced, false);
    if (std::exchange(world.mounts_changed, false) || due) {
        std::vector<Mount> mounts = read_mounts("/proc/self/mountinfo");
        const bool other = mounts != inside_->mounts;
        if (other) {
            for (const Mount& mount : mounts) {
                if (std::ranges::find(inside_->mounts, mount) == inside_->mounts.end()) {
                    inside_->mount_changes.emplace_back(mount, "mount");
                }
            }
            for (const Mount& mount : inside_->mounts) {
                if (std::ranges::find(mounts, mount) == mounts.end()) {
                    inside_->mount_changes.emplace_back(mount, "umount");
                }
            }
            inside_->mounts = std::move(mounts);
        }
        replaced = replaced || other || (due && world.plan.moved());
    }
    if (replaced) {
        world.plan.refresh();
        changed = true;
    }
    if (changed) {
        // A plan that the kernel did not take whole is tried again with the next change.
        const auto updated = update_feeds();
        inside_->plan_error = updated ? std::string() : updated.error().message;
    }
}

bool Sensors::give_mounts(EventBatch& batch) {
    auto& changes = inside_->mount_changes;
    World& world = inside_->world;
    for (; !changes.empty() && !batch.full(); changes.pop_front()) {
        const auto& [mount, action] = changes.front();
        Life nobody;
        nobody.who = world.mounted_by;
        const Life* by = world.processes.find(world.mounted_by.tgid);
        Event& event = start_event(world,
                                   by == nullptr ? nobody : *by,
                                   EventClass::configuration,
                                   world.clock.time(BootClock::now()),
                                   batch);
        Arena& arena = batch.arena();
        event.set_event_action(action);
        event.set_configuration_key(arena.copy("mount " + mount.point));
        const std::string text = fmt::format("{} {} {}", mount.type, mount.source, mount.root);
        if (action == "mount") {
            event.set_configuration_new(arena.copy(text));
        } else {
            event.set_configuration_old(arena.copy(text));
        }
        event.set_file_path(arena.copy(mount.point));
    }
    return !changes.empty();
}

// First every feed says what happened; then come counts and exits, so that a process ends after all
// that it did.
bool Sensors::drain(EventBatch& batch) {
    Inside& inside = *inside_;
    if (inside.phase == Inside::Phase::draining && inside.at == 0) {
        std::uint64_t ticks = 0;
        (void)!::read(timer_.number(), &ticks, sizeof(ticks));
    }
    for (; inside.phase != Inside::Phase::done; inside.at = 0) {
        for (; inside.at < inside.feeds.size(); ++inside.at) {
            Feed* feed = inside.feeds[inside.at].feed.get();
            const bool drains = inside.phase == Inside::Phase::draining;
            while (feed != nullptr && (drains ? feed->drain(batch) : feed->settle(batch))) {
                if (batch.full()) {
                    return true;
                }
            }
            if (batch.full()) {
                return true;
            }
        }
        if (inside.phase == Inside::Phase::draining) {
            look_after_plan();
        }
        inside.phase =
            inside.phase == Inside::Phase::draining ? Inside::Phase::settling : Inside::Phase::done;
    }
    if (give_mounts(batch)) {
        return true;
    }
    inside.phase = Inside::Phase::draining;
    inside.at = 0;
    return false;
}

std::vector<SensorStatus> Sensors::status() const {
    std::vector<SensorStatus> rows;
    for (const Inside::Open& open : inside_->feeds) {
        SensorStatus& row = rows.emplace_back();
        row.name.assign(open.sensor->name);
        row.why = open.why;
        if (open.feed != nullptr) {
            row.open = true;
            row.counts = open.feed->counts();
            row.limitations = open.feed->limitations();
            if (!inside_->plan_error.empty()) {
                row.limitations.push_back({inside_->plan_error, "an older watch plan is in force"});
            }
        }
    }
    return rows;
}

std::size_t Sensors::watched_places() const {
    return inside_->world.plan.places().size();
}

}  // namespace mailvigil::sensor
