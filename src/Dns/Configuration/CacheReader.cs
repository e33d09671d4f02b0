using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Configuration;

/// <summary><c>cache [TTL] [ZONE...] { success; denial; prefetch; serve_stale; servfail; disable; keepttl }</c>.</summary>
internal static class CacheReader
{
    private const string Plugin = "cache";

    internal static CachePlan Read(CorefileDirective directive)
    {
        var plan = new CachePlan();
        var zones = directive.Texts();
        if (zones.Length > 0 && int.TryParse(zones[0], out var ttl))
        {
            plan = ttl > 0 ? plan with { MaxTtl = (uint)ttl, MaxDenialTtl = (uint)ttl } : throw directive.Error($"cache TTL can not be zero or negative: {ttl}");
            zones = zones[1..];
        }

        plan = plan with { Zones = directive.Zones(Plugin, zones) };
        foreach (var property in directive.Properties())
        {
            plan = Read(property, plan);
        }

        return plan;
    }

    private static CachePlan Read(CorefileDirective property, CachePlan plan)
    {
        var count = property.Arguments.Count;
        switch (property.Name.Text)
        {
            case "success":
                return plan with
                {
                    Capacity = property.Number(Plugin, 0, 1),
                    MaxTtl = count > 1 ? (uint)property.Number(Plugin, 1, 1) : plan.MaxTtl,
                    MinTtl = count > 2 ? (uint)property.Number(Plugin, 2) : plan.MinTtl,
                };
            case "denial":
                // One table holds both: its size is that of the answers.
                property.Number(Plugin, 0, 1);
                return plan with
                {
                    MaxDenialTtl = count > 1 ? (uint)property.Number(Plugin, 1, 1) : plan.MaxDenialTtl,
                    MinDenialTtl = count > 2 ? (uint)property.Number(Plugin, 2) : plan.MinDenialTtl,
                };
            case "prefetch":
                return plan with
                {
                    Prefetch = property.Number(Plugin, 0),
                    PrefetchWithin = count > 1 ? property.Duration(Plugin, 1) : plan.PrefetchWithin,
                    PrefetchPercentage = count > 2 ? Percentage(property) : plan.PrefetchPercentage,
                };
            case "serve_stale":
                return plan with
                {
                    Stale = count > 0 ? property.Duration(Plugin, 0) : TimeSpan.FromHours(1),
                    VerifyStale = count > 1 && property.Arguments[1].Text switch
                    {
                        "verify" => true,
                        "immediate" => false,
                        var mode => throw property.Error($"invalid value for serve_stale refresh mode: {mode}", Plugin),
                    },
                };
            case "servfail":
                var time = property.Duration(Plugin, 0);
                return time <= TimeSpan.FromMinutes(5)
                    ? plan with { ServFailTtl = (uint)time.TotalSeconds }
                    : throw property.Error($"caching SERVFAIL responses over 5 minutes is not permitted: {property.Arguments[0].Text}", Plugin);
            case "disable":
                return Disabled(property, plan);
            case "keepttl":
                property.Nothing(Plugin);
                return plan with { KeepsTtl = true };
            default:
                throw property.Unknown(Plugin);
        }
    }

    /// <summary>Without zones, for every name.</summary>
    private static CachePlan Disabled(CorefileDirective property, CachePlan plan)
    {
        var zones = property.ZonesOr(Plugin, property.Some(Plugin)[1..], [NameSuffix.Root]);
        return property.Arguments[0].Text switch
        {
            "success" => plan with { NoSuccess = [.. plan.NoSuccess, .. zones] },
            "denial" => plan with { NoDenial = [.. plan.NoDenial, .. zones] },
            var kind => throw property.Error($"cache type for disable must be \"success\" or \"denial\": {kind}", Plugin),
        };
    }

    private static int Percentage(CorefileDirective property)
    {
        var text = property.Arguments[2].Text;
        if (!text.EndsWith('%'))
        {
            throw property.Error($"last character of percentage should be `%`, but is: \"{text[^1]}\"", Plugin);
        }

        return int.TryParse(text.AsSpan(0, text.Length - 1), out var percentage) && percentage is >= 10 and <= 90
            ? percentage
            : throw property.Error($"percentage should fall in range [10, 90]: {text[..^1]}", Plugin);
    }
}
