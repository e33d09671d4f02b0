using Dataplane.Dns.Configuration;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Hosts;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Server;

/// <summary>Names that one forwarder is asked about.</summary>
internal sealed record ForwardRoute(NameSuffix From, NameSuffix[] Except, Forwarder Forwarder)
{
    internal bool Takes(in NameView name) => From.Covers(name) && !NameSuffix.AnyCovers(Except, name);
}

/// <summary>A server block at work: its plan, and what of it has a life of its own.</summary>
internal sealed record Site(ServerPlan Plan)
{
    internal HostsFile? Hosts { get; init; }

    internal ForwardRoute[] Forwards { get; init; } = [];

    internal QueryLog? Log { get; init; }

    internal ErrorLog? Errors { get; init; }

    /// <summary>Who is asked about a name after <paramref name="first"/>, if its answers are not always the last.</summary>
    internal IReadOnlyList<Forwarder> After(Forwarder first, in NameView name)
    {
        if (!first.MayGoOn)
        {
            return [];
        }

        var others = new List<Forwarder>();
        for (var i = Array.FindIndex(Forwards, route => route.Forwarder == first) + 1; i < Forwards.Length; i++)
        {
            if (Forwards[i].Takes(name))
            {
                others.Add(Forwards[i].Forwarder);
            }
        }

        return others;
    }

    /// <summary>Null when nobody is asked about a name.</summary>
    internal Forwarder? ForwarderOf(in NameView name)
    {
        foreach (var route in Forwards)
        {
            if (route.Takes(name))
            {
                return route.Forwarder;
            }
        }

        return null;
    }
}

/// <summary>The server blocks of one address, the longest zones first: the first that covers a name answers for it.</summary>
internal sealed class SiteTable
{
    private readonly (NameSuffix Zone, Site Site)[] _zones;

    internal SiteTable(IEnumerable<Site> sites) =>
        _zones = [.. sites.SelectMany(site => site.Plan.Zones.Select(zone => (zone, site))).OrderByDescending(pair => pair.zone.LabelCount)];

    internal Site? Find(in NameView name)
    {
        foreach (var (zone, site) in _zones)
        {
            if (zone.Covers(name))
            {
                return site;
            }
        }

        return null;
    }
}

/// <summary>Where a listener finds what it serves now: the server blocks of its address, and the cluster's names. A reload replaces both.</summary>
internal sealed class SiteSource(SiteTable table, ZoneSource zone)
{
    private volatile Tuple<SiteTable, ZoneSource> _current = Tuple.Create(table, zone);

    internal SiteTable Sites => _current.Item1;

    internal ZoneSource Zone => _current.Item2;

    internal void Replace(SiteTable table, ZoneSource zone) => _current = Tuple.Create(table, zone);
}
