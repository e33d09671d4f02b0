namespace Dataplane.ControlPlane.Tests.Controllers;

/// <summary>The real clock, put forward: time goes on by itself, so nothing that waits a moment hangs, and long waits are jumped over.</summary>
internal sealed class ShiftedTime : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly HashSet<Timer> _timers = [];
    private TimeSpan _shift;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return System.GetUtcNow() + _shift;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Puts the clock forward; what is due by then happens now.</summary>
    public void Advance(TimeSpan by)
    {
        List<Timer> due;
        lock (_gate)
        {
            _shift += by;
            var now = System.GetUtcNow() + _shift;
            due = [.. _timers.Where(timer => timer.Due <= now)];
        }

        due.ForEach(timer => timer.Fire());
    }

    private sealed class Timer : ITimer
    {
        private readonly ShiftedTime _time;
        private readonly ITimer _timer;
        private TimeSpan _period;

        public Timer(ShiftedTime time, Action callback)
        {
            _time = time;
            _timer = System.CreateTimer(_ => callback(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public DateTimeOffset Due { get; private set; } = DateTimeOffset.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (_time._gate)
            {
                _period = period;
                _time._timers.Remove(this);
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Due = System.GetUtcNow() + _time._shift + dueTime;
                    _time._timers.Add(this);
                }

                return _timer.Change(dueTime, period);
            }
        }

        /// <summary>The real timer calls, so that a callback never runs on the test's own thread.</summary>
        public void Fire() => Change(TimeSpan.Zero, _period);

        public void Dispose()
        {
            lock (_time._gate)
            {
                _time._timers.Remove(this);
            }

            _timer.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
