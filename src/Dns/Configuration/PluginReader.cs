using System.Net;
using System.Text;
using Dataplane.Dns.Wire;
using Dataplane.Dns.Zones;

namespace Dataplane.Dns.Configuration;

/// <summary>The directives that decide how a server answers.</summary>
internal static class PluginReader
{
    /// <summary>What CoreDNS has and this server has not.</summary>
    private static readonly string[] Elsewhere =
    [
        "auto", "azure", "clouddns", "dns64", "dnssec", "dnstap", "erratic", "etcd", "file", "geoip", "grpc", "header", "k8s_external", "minimal",
        "nomad", "on", "pprof", "quic", "root", "route53", "secondary", "sign", "timeouts", "trace", "tsig", "view",
    ];

    internal static ServerPlan Read(CorefileDirective directive, ServerPlan server) => directive.Name.Text switch
    {
        "kubernetes" when server.Kubernetes is null => server with { Kubernetes = KubernetesReader.Read(directive, server.Zones) },
        "cache" when server.Cache is null => server with { Cache = CacheReader.Read(directive) },
        "hosts" when server.Hosts is null => server with { Hosts = Hosts(directive, server.Zones) },
        "kubernetes" or "cache" or "hosts" => throw directive.Error("this plugin can only be used once per Server Block"),
        "forward" => server with { Forwards = [.. server.Forwards, ForwardReader.Read(directive)] },
        "rewrite" => server with { Rewrites = [.. server.Rewrites, RewriteReader.Read(directive)] },
        "template" => server with { Templates = [.. server.Templates, TemplateReader.Read(directive, server.Zones)] },
        "acl" => server with { Access = [.. server.Access, .. Access(directive, server.Zones)] },
        "transfer" => server with { Transfers = [.. server.Transfers, Transfer(directive, server.Zones)] },
        "autopath" => server with { Autopath = Autopath(directive) },
        "log" => server with { Log = [.. server.Log, LogReader.Read(directive)] },
        "any" => Plain(directive, server with { MinimizesAny = true }),
        "whoami" => Plain(directive, server with { TellsClients = true }),
        "chaos" => server with { Chaos = Chaos(directive) },
        "nsid" => server with { Identity = Encoding.UTF8.GetBytes(directive.Arguments.Count == 0 ? Environment.MachineName : string.Join(' ', directive.Texts())) },
        var name when Elsewhere.Contains(name) => throw CorefileException.At(directive.Name.File, directive.Name.Line, $"directive '{name}' is not supported by this server"),
        var name => throw CorefileException.At(directive.Name.File, directive.Name.Line, $"Unknown directive '{name}'"),
    };

    private static ServerPlan Plain(CorefileDirective directive, ServerPlan plan)
    {
        directive.Nothing(directive.Name.Text);
        return plan;
    }

    /// <summary><c>chaos [VERSION] [AUTHOR...]</c>.</summary>
    private static ChaosPlan Chaos(CorefileDirective directive)
    {
        var words = directive.Texts();
        var own = $"dataplane-{typeof(PluginReader).Assembly.GetName().Version?.ToString(3)}";
        return new ChaosPlan(words.Length > 0 ? words[0] : own, words.Length > 1 ? [.. words[1..].Distinct().Order(StringComparer.Ordinal)] : ["dataplane"]);
    }

    /// <summary><c>hosts [FILE [ZONE...]] { INLINE; ttl; no_reverse; reload; fallthrough }</c>: a line that begins with an address is an entry.</summary>
    private static HostsPlan Hosts(CorefileDirective directive, NameSuffix[] zones)
    {
        var words = directive.Texts();
        var plan = new HostsPlan
        {
            Path = CorefileReader.Resolve(directive, words.Length > 0 ? words[0] : "/etc/hosts"),
            Zones = directive.ZonesOr("hosts", words[Math.Min(1, words.Length)..], zones),
        };
        foreach (var property in directive.Properties())
        {
            plan = property.Name.Text switch
            {
                "ttl" => plan with { Ttl = (uint)property.Number("hosts", 0, 1, 65535) },
                "no_reverse" => plan with { Reverse = false },
                "reload" => plan with { Reload = property.Duration("hosts", 0) },
                "fallthrough" => plan with { FallThrough = FallThrough(property, "hosts") },
                var first when IPAddress.TryParse(first, out _) && property.Arguments.Count > 0 =>
                    plan with { Lines = [.. plan.Lines, first + " " + string.Join(' ', property.Texts())] },
                _ => throw property.Unknown("hosts"),
            };
        }

        // Entries of its own and no file named: CoreDNS reads /etc/hosts all the same.
        return plan;
    }

    /// <summary><c>acl [ZONE...] { ACTION [type TYPE...] [net SOURCE...] }</c>.</summary>
    private static IEnumerable<AccessRule> Access(CorefileDirective directive, NameSuffix[] zones)
    {
        var covered = directive.ZonesOr("acl", directive.Texts(), zones);
        return directive.Properties().Select(property =>
        {
            if (!Enum.TryParse<AccessAction>(property.Name.Text, ignoreCase: true, out var action))
            {
                throw property.Error($"unexpected token \"{property.Name.Text}\"; expect 'allow', 'block', 'filter' or 'drop'", "acl");
            }

            var (types, sources, section) = (new List<RecordType>(), new List<IPNetwork>(), "");
            foreach (var word in property.Texts())
            {
                if (word is "type" or "net")
                {
                    section = word;
                }
                else if (section.Length == 0)
                {
                    throw property.Error($"unexpected token \"{word}\"; expect 'type | net'", "acl");
                }
                else if (section == "net")
                {
                    sources.AddRange(property.Networks("acl", [word]));
                }
                else if (word != "*")
                {
                    types.Add(property.Type("acl", word));
                }
            }

            return new AccessRule(covered, action, [.. types], [.. sources]);
        });
    }

    private static TransferPlan Transfer(CorefileDirective directive, NameSuffix[] zones)
    {
        var (clients, any) = (new List<IPNetwork>(), false);
        foreach (var property in directive.Properties())
        {
            if (property.Name.Text != "to")
            {
                throw property.Unknown("transfer");
            }

            any |= property.Some("transfer").Contains("*");
            clients.AddRange(property.Networks("transfer", property.Texts().Where(word => word != "*")));
        }

        return clients.Count > 0 || any
            ? new TransferPlan(directive.ZonesOr("transfer", directive.Texts(), zones), any ? null : [.. clients])
            : throw directive.Error("'to' is required");
    }

    /// <summary><c>autopath [ZONE...] @kubernetes|RESOLV-CONF</c>.</summary>
    private static AutopathPlan Autopath(CorefileDirective directive)
    {
        var words = directive.Some("autopath");
        var source = words[^1];
        var zones = directive.Zones("autopath", words[..^1]);
        if (source.StartsWith('@'))
        {
            return source == "@kubernetes" ? new AutopathPlan(zones, null) : throw directive.Error($"plugin {source[1..]} does not implement the AutoPather interface");
        }

        try
        {
            var search = Forward.ResolvConf.Search(File.ReadLines(CorefileReader.Resolve(directive, source)));
            return new AutopathPlan(zones, [.. search, ""]);
        }
        catch (IOException failure)
        {
            throw directive.Error($"failed to parse \"{source}\": {failure.Message}");
        }
    }

    /// <summary>Without zones, every name.</summary>
    internal static NameSuffix[] FallThrough(CorefileDirective property, string plugin) => property.ZonesOr(plugin, property.Texts(), [NameSuffix.Root]);
}
