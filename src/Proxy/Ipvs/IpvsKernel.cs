using System.Net;
using System.Net.Sockets;
using Dataplane.Netlink;
using Dataplane.Netlink.Ipset;
using Dataplane.Netlink.Ipvs;
using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Ipvs.Rendering;
using Dataplane.Proxy.Ipvs.Rules;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Ipvs;

/// <summary>Everything mode ipvs has in the kernel: device, sets, virtual services, rules. Called under the mode's lock.</summary>
internal sealed class IpvsKernel : IDisposable
{
    private readonly ProxyModeContext _context;
    private readonly IpvsOptions _options;
    private readonly ILogger _logger;
    private readonly IpvsConnection _ipvs;
    private readonly IpsetConnection _ipset;
    private readonly VipDevice _device;
    private readonly IFixedRules _fixedRules;
    private readonly ServerTable _servers;
    private readonly SetTable _sets;
    private readonly Schedulers _schedulers;
    private readonly Action<NetlinkException> _failed;
    private readonly IReadOnlyList<SetNames> _families;
    private CountedSet<IPAddress> _addresses = new();
    private List<IPAddress> _nodeAddresses = [];
    private readonly HashSet<string> _told = [];
    private FrontEndMarks _marks;
    private RuleOptions? _rules;
    private List<FixedRuleset> _written = [];

    internal IpvsKernel(ProxyModeContext context, IpvsOptions options, Func<IFixedRules>? openRules, Action<NetlinkException> failed, ILogger logger)
    {
        (_context, _options, _failed, _logger) = (context, options, failed, logger);
        _families = Families();
        _ipvs = IpvsConnection.Open(context.Namespace);
        _ipset = IpsetConnection.Open(context.Namespace);
        _device = new VipDevice(context.Namespace);
        _fixedRules = openRules?.Invoke() ?? FixedRuleStores.Open(context, logger);
        _servers = new ServerTable(_ipvs, failed);
        _sets = new SetTable(_ipset, _families, failed);
        _schedulers = new Schedulers(_ipvs, options, logger);
        _marks = new FrontEndMarks(context.MasqueradeMark);
    }

    internal int Services => _servers.Keys.Count;

    internal bool IsDraining => _servers.IsDraining;

    private IpvsRenderer Renderer => new(_nodeAddresses, _rules!.NodePorts, _context.MasqueradeMark, _marks, _schedulers.Choose, _logger);

    /// <summary>Whether changes may be written on top of what was written last.</summary>
    internal bool IsCurrent(RuleOptions rules) => _rules == rules;

    internal void WriteAll(ForwardingPlan plan, RuleOptions rules)
    {
        _rules = null;
        IpvsSysctls.Apply(_options, _context.Namespace, _logger);
        _ipvs.SetTimeouts(new IpvsTimeouts(_options.TcpTimeout, _options.TcpFinTimeout, _options.UdpTimeout));
        _device.Ensure();
        _sets.Create();
        var (held, node) = _device.Addresses();
        (_nodeAddresses, _rules) = (node, rules);
        var marked = AdoptMarks();
        var wanted = Render(plan);
        _servers.Read(key => key.Address is { } address ? wanted.ContainsKey(key) || !_options.ExcludedCidrs.Any(cidr => cidr.Contains(address)) : marked.Contains(key.Mark));
        foreach (var key in _servers.Keys)
        {
            wanted.TryAdd(key, null);
        }

        TellOddAddresses(plan);
        _sets.AddWanted();
        _written = [.. _families.Select(family => new IpvsRules(AddressFamilyOf(family), rules, _sets.IndexOf).Build())];
        // Rules come first, or what arrives meanwhile would not be masqueraded. But where mode iptables is at work they take its place, and then what
        // they stand for must be there.
        var isTakeover = _written.Exists(_fixedRules.AreInUse);
        if (!isTakeover)
        {
            _written.ForEach(_fixedRules.Write);
        }

        _servers.Change(wanted);
        foreach (var address in _addresses.TakeTouched().There.Where(address => !held.Contains(address)))
        {
            Try(() => _device.Add(address));
        }

        if (isTakeover)
        {
            _written.ForEach(_fixedRules.Write);
        }

        _sets.RemoveGone(_sets.Stale());
        foreach (var address in held.Where(address => !_addresses.Contains(address)))
        {
            _device.Remove(address);
        }
    }

    internal void WriteChange(IEnumerable<ServiceChange> changes)
    {
        var wanted = new Dictionary<IpvsServiceKey, VirtualServer?>();
        var renderer = Renderer;
        var rendered = changes.Select(change => (Before: renderer.Render(change.Before), After: renderer.Render(change.After))).ToList();
        // All that goes before all that comes: an address may go from one Service to another.
        rendered.ForEach(change => Take(change.Before, -1, wanted));
        rendered.ForEach(change => Take(change.After, 1, wanted));
        var (addresses, goneAddresses) = _addresses.TakeTouched();
        foreach (var address in addresses)
        {
            Try(() => _device.Add(address));
        }

        var goneElements = _sets.AddWanted();
        _servers.Change(wanted);
        _sets.RemoveGone(goneElements);
        goneAddresses.ForEach(_device.Remove);
        foreach (var (before, after) in rendered)
        {
            foreach (var frontEnd in before.Marked.Except(after.Marked))
            {
                _marks.Release(frontEnd);
            }
        }
    }

    internal void Drain() => _servers.Drain();

    /// <summary>What somebody else changed; null for nothing.</summary>
    internal string? Difference(int skip, int take)
    {
        if (_rules is null || !_device.Exists())
        {
            return $"{VipDevice.DeviceName} is missing";
        }

        var (held, node) = _device.Addresses();
        return !held.SetEquals(_addresses.Items) ? $"{VipDevice.DeviceName} has {held.Count} addresses, not {_addresses.Items.Count}"
            : !node.SequenceEqual(_nodeAddresses) ? "the node's addresses are others now"
            : _servers.Difference(skip, take) ?? _sets.Difference() ?? (_written.TrueForAll(_fixedRules.IsIntact) ? null : "rules are missing");
    }

    internal List<TrafficCount> Traffic()
    {
        var counts = new List<TrafficCount>();
        foreach (var (key, protocol, frontEnd) in _servers.FrontEnds)
        {
            foreach (var destination in _ipvs.Destinations(key))
            {
                var counters = destination.Counters;
                counts.Add(new TrafficCount(
                    protocol, frontEnd, destination.EndPoint, counters.Connections, counters.PacketsIn + counters.PacketsOut,
                    counters.BytesIn + counters.BytesOut)
                {
                    Rate = new TrafficRate(
                        counters.Rates.Connections, counters.Rates.PacketsIn + counters.Rates.PacketsOut, counters.Rates.BytesIn + counters.Rates.BytesOut),
                });
            }
        }

        return counts;
    }

    public void Dispose()
    {
        _fixedRules.Dispose();
        _device.Dispose();
        _ipset.Dispose();
        _ipvs.Dispose();
    }

    internal static IReadOnlyList<SetNames> Families() => Path.Exists("/proc/sys/net/ipv6") ? [SetNames.IPv4, SetNames.IPv6] : [SetNames.IPv4];

    internal static AddressFamily AddressFamilyOf(SetNames sets) => sets == SetNames.IPv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;

    private Dictionary<IpvsServiceKey, VirtualServer?> Render(ForwardingPlan plan)
    {
        _sets.Reset();
        _addresses = new CountedSet<IPAddress>();
        var (renderer, wanted, done) = (Renderer, new Dictionary<IpvsServiceKey, VirtualServer?>(), 0);
        foreach (var service in plan.Services.Values)
        {
            Take(renderer.Render(service), 1, wanted);
            if (++done % 1000 == 0)
            {
                _context.Loading?.Invoke(done, plan.Services.Count);
            }
        }

        return wanted;
    }

    private void Take(RenderedService service, int sign, Dictionary<IpvsServiceKey, VirtualServer?> wanted)
    {
        _sets.Count(service, sign);
        _addresses.Add(service.Addresses, sign);
        foreach (var (key, server) in service.Servers)
        {
            wanted[key] = sign > 0 ? server : null;
        }
    }

    // Marks that an earlier run gave, with and without the masquerade mark: services by any other mark are somebody else's.
    private HashSet<uint> AdoptMarks()
    {
        _marks = new FrontEndMarks(_context.MasqueradeMark);
        var marked = new HashSet<uint>();
        foreach (var element in _families.SelectMany(family => _sets.Read(family.Near)).Where(element => element.Mark != 0))
        {
            var (address, protocol) = (element.Address!, (TransportProtocol)element.Protocol);
            _marks.Adopt(
                _nodeAddresses.Contains(address) ? FrontEnd.AtNode(address.AddressFamily, protocol, new NodePort(element.Port)) : FrontEnd.At(address, protocol, element.Port),
                element.Mark);
            marked.Add(element.Mark);
            marked.Add(element.Mark | _context.MasqueradeMark);
        }

        return marked;
    }

    private void TellOddAddresses(ForwardingPlan plan)
    {
        var virtualAddresses = plan.Services.Values.SelectMany(service => service.FrontEnds).Select(frontEnd => frontEnd.FrontEnd.Address).OfType<IPAddress>().ToHashSet();
        foreach (var address in _nodeAddresses.Where(address => virtualAddresses.Contains(address) && _told.Add(address.ToString())))
        {
            _logger.AddressIsTheNodes(address.ToString());
        }

        foreach (var cidr in _options.ExcludedCidrs)
        {
            var excluded = virtualAddresses.Where(cidr.Contains).ToList();
            if (excluded.Count > 0 && _told.Add(cidr.ToString()))
            {
                _logger.ExcludedServices(cidr.ToString(), excluded.Count, excluded[0].ToString());
            }
        }
    }

    private void Try(Action change)
    {
        try
        {
            change();
        }
        catch (NetlinkException refused)
        {
            _failed(refused);
        }
    }
}
