using Dataplane.Linux.Namespaces;
using Dataplane.Netlink;
using Dataplane.Netlink.Ipset;
using Dataplane.Netlink.Ipvs;
using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Ipvs.Rules;
using Dataplane.Proxy.Planning;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Ipvs;

/// <summary>
/// Mode ipvs: virtual services of the kernel's load balancer, Services' addresses on a device of their own, and a fixed handful of netfilter rules that
/// look things up in sets.
/// </summary>
internal sealed class IpvsMode : IProxyMode
{
    internal const string ModeName = "ipvs";

    /// <summary>Services whose destinations one check compares.</summary>
    private const int CheckedAtATime = 1000;

    private static readonly TimeSpan DrainInterval = TimeSpan.FromSeconds(5);

    private readonly ProxyModeContext _context;
    private readonly IpvsOptions _options;
    private readonly ILogger _logger;
    private readonly Func<IFixedRules>? _openRules;
    private readonly Lock _gate = new();
    private readonly List<NetlinkException> _failures = [];
    private readonly ITimer _drainTimer;
    private IpvsKernel? _kernel;
    private int _checked;

    /// <param name="context">What every mode is made of.</param>
    /// <param name="openRules">Where rules go; null to see what this host has.</param>
    internal IpvsMode(ProxyModeContext context, Func<IFixedRules>? openRules = null)
    {
        (_context, _options, _openRules) = (context, context.Ipvs, openRules);
        _logger = context.Loggers.CreateLogger<IpvsMode>();
        _drainTimer = context.Time.CreateTimer(_ => Drain(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public string Name => ModeName;

    /// <summary>Whether the kernel has what this mode needs; asking loads it if it can be loaded.</summary>
    /// <param name="networkNamespace">Where.</param>
    /// <returns>Null, or what it lacks.</returns>
    internal static string? Missing(NetworkNamespace? networkNamespace)
    {
        try
        {
            using var ipvs = IpvsConnection.Open(networkNamespace);
            using var sets = IpsetConnection.Open(networkNamespace);
            sets.ProtocolVersion();
            return null;
        }
        catch (NetlinkException missing)
        {
            return missing.Message;
        }
    }

    /// <inheritdoc/>
    public void Apply(ForwardingPlan? previous, ForwardingPlan next)
    {
        lock (_gate)
        {
            _failures.Clear();
            var kernel = _kernel ??= new IpvsKernel(_context, _options, _openRules, _failures.Add, _logger);
            var rules = new RuleOptions(_context.MasqueradeMark, next.LocalDetector, next.NodePorts, DropInvalid: false);
            if (previous is null || !kernel.IsCurrent(rules))
            {
                kernel.WriteAll(next, rules);
            }
            else
            {
                kernel.WriteChange(next.ChangesSince(previous));
            }

            ScheduleDrain();
            if (_failures.Count > 0)
            {
                throw _failures[0];
            }
        }
    }

    /// <inheritdoc/>
    public bool IsIntact()
    {
        lock (_gate)
        {
            if (_kernel is null)
            {
                return false;
            }

            var difference = _kernel.Difference(_checked, CheckedAtATime);
            _checked = _checked + CheckedAtATime < _kernel.Services ? _checked + CheckedAtATime : 0;
            if (difference is not null)
            {
                _logger.ForeignChange(difference);
            }

            return difference is null;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<TrafficCount> Traffic()
    {
        lock (_gate)
        {
            return _kernel?.Traffic() ?? [];
        }
    }

    /// <inheritdoc/>
    public void Cleanup()
    {
        lock (_gate)
        {
            _kernel?.Dispose();
            _kernel = null;
            new IpvsCleanup(_context, _options, _openRules, _logger).Run();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _drainTimer.DisposeAsync();
        lock (_gate)
        {
            _kernel?.Dispose();
            _kernel = null;
        }
    }

    private void Drain()
    {
        lock (_gate)
        {
            try
            {
                _failures.Clear();
                _kernel?.Drain();
                ScheduleDrain();
            }
            catch (NetlinkException failure)
            {
                _logger.DrainNotRead(failure.Message);
            }
        }
    }

    private void ScheduleDrain()
    {
        if (_kernel is { IsDraining: true })
        {
            _drainTimer.Change(DrainInterval, Timeout.InfiniteTimeSpan);
        }
    }
}
