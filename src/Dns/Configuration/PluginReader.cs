using System.Net;
using System.Text.RegularExpressions;
using Dataplane.Dns.Wire;
using Dataplane.Dns.Zones;

namespace Dataplane.Dns.Configuration;

/// <summary>The directives that decide how a server answers.</summary>
internal static class PluginReader
{
    private static readonly TimeSpan PatternLimit = TimeSpan.FromMilliseconds(50);

    /// <summary>What CoreDNS has and this server has not.</summary>
    private static readonly string[] Elsewhere =
    [
        "any", "auto", "azure", "chaos", "clouddns", "dns64", "dnssec", "dnstap", "erratic", "etcd", "file", "geoip", "grpc", "header", "k8s_external", "minimal",
        "nomad", "nsid", "on", "pprof", "quic", "root", "route53", "secondary", "sign", "timeouts", "trace", "tsig", "view", "whoami",
    ];

    internal static ServerPlan Read(CorefileDirective directive, ServerPlan server) => directive.Name.Text switch
    {
        "kubernetes" when server.Kubernetes is null => server with { Kubernetes = KubernetesReader.Read(directive, server.Zones) },
        "cache" when server.Cache is null => server with { Cache = CacheReader.Read(directive) },
        "hosts" when server.Hosts is null => server with { Hosts = Hosts(directive, server.Zones) },
        "kubernetes" or "cache" or "hosts" => throw directive.Error("this plugin can only be used once per Server Block"),
        "forward" => server with { Forwards = [.. server.Forwards, ForwardReader.Read(directive)] },
        "rewrite" => server with { Rewrites = [.. server.Rewrites, Rewrite(directive)] },
        "template" => server with { Templates = [.. server.Templates, Template(directive, server.Zones)] },
        "acl" => server with { Access = [.. server.Access, .. Access(directive, server.Zones)] },
        "transfer" => server with { Transfers = [.. server.Transfers, Transfer(directive, server.Zones)] },
        "autopath" => server with { Autopath = Autopath(directive) },
        "log" => server with { Log = Log(directive) },
        var name when Elsewhere.Contains(name) => throw CorefileException.At(directive.Name.File, directive.Name.Line, $"directive '{name}' is not supported by this server"),
        var name => throw CorefileException.At(directive.Name.File, directive.Name.Line, $"Unknown directive '{name}'"),
    };

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

    /// <summary><c>rewrite [continue|stop] name [exact|prefix|suffix|substring|regex] FROM TO [answer auto|answer name ...]</c>.</summary>
    private static RewriteRule Rewrite(CorefileDirective directive)
    {
        var words = directive.Texts().ToList();
        if (directive.Block is [var name, ..] block)
        {
            // What an answer is rewritten to is the name that was asked: it needs no rule of its own.
            words.AddRange([name.Name.Text, .. name.Texts()]);
            if (block.Skip(1).FirstOrDefault(property => property.Name.Text != "answer") is { } other)
            {
                throw other.Unknown("rewrite");
            }
        }

        var goesOn = words is ["continue", ..];
        if (words is ["continue" or "stop", ..])
        {
            words.RemoveAt(0);
        }

        if (words is not ["name", ..])
        {
            throw directive.Error($"rewrite of '{(words.Count > 0 ? words[0] : "")}' is not supported by this server: name is");
        }

        words.RemoveAt(0);
        var match = NameMatch.Exact;
        if (words.Count > 2 && Enum.TryParse(words[0], ignoreCase: true, out match))
        {
            words.RemoveAt(0);
        }

        if (words.Count > 2 && words[2] == "answer")
        {
            words.RemoveRange(2, words.Count - 2);
        }

        if (words is not [var from, var to])
        {
            throw directive.ArgumentError();
        }

        return new RewriteRule(match, match is NameMatch.Exact ? Absolute(from) : from.ToLowerInvariant(), match is NameMatch.Exact or NameMatch.Suffix ? Absolute(to, match) : to, goesOn)
        {
            Pattern = match is NameMatch.Regex ? Pattern(directive, from) : null,
        };
    }

    private static string Absolute(string name, NameMatch match = NameMatch.Exact) =>
        (match is NameMatch.Suffix && name.Length == 0) || name.EndsWith('.') ? name.ToLowerInvariant() : name.ToLowerInvariant() + ".";

    /// <summary>Names are matched with their final dot. A pattern that runs wild is cut off rather than the server held up.</summary>
    private static Regex Pattern(CorefileDirective directive, string pattern)
    {
        try
        {
            return new Regex(pattern.Replace("(?P<", "(?<", StringComparison.Ordinal), RegexOptions.CultureInvariant, PatternLimit);
        }
        catch (ArgumentException failure)
        {
            throw directive.Error($"invalid regex pattern \"{pattern}\": {failure.Message}");
        }
    }

    private static TemplatePlan Template(CorefileDirective directive, NameSuffix[] zones)
    {
        if (directive.Texts() is not [var queryClass, var type, ..])
        {
            throw directive.ArgumentError();
        }

        if (queryClass.ToUpperInvariant() is not ("IN" or "ANY"))
        {
            throw directive.Error($"invalid RR class {queryClass}");
        }

        var plan = new TemplatePlan
        {
            Type = type.Equals("ANY", StringComparison.OrdinalIgnoreCase) ? null : directive.Type("template", type),
            Zones = directive.ZonesOr("template", directive.Texts(2), zones),
        };
        foreach (var property in directive.Properties())
        {
            plan = property.Name.Text switch
            {
                "match" => plan with { Matches = [.. plan.Matches, .. property.Some("template").Select(pattern => Pattern(property, pattern))] },
                "answer" => plan with { Answers = [.. plan.Answers, .. Texts(property)] },
                "authority" => plan with { Authorities = [.. plan.Authorities, .. Texts(property)] },
                "additional" => plan with { Additionals = [.. plan.Additionals, .. Texts(property)] },
                "rcode" => plan with { Code = Code(property) },
                "fallthrough" => plan with { FallThrough = FallThrough(property, "template") },
                "ederror" or "upstream" => plan,
                _ => throw property.Unknown("template"),
            };
        }

        return plan;
    }

    private static IEnumerable<TemplateText> Texts(CorefileDirective property) => property.Some("template").Select(text =>
    {
        try
        {
            return new TemplateText(text);
        }
        catch (FormatException failure)
        {
            throw property.Error(failure.Message, "template");
        }
    });

    private static ResponseCode Code(CorefileDirective property) =>
        Enum.GetValues<ResponseCode>().Cast<ResponseCode?>().FirstOrDefault(code => code!.Value.Mnemonic().Equals(property.Only("template"), StringComparison.OrdinalIgnoreCase))
            ?? throw property.Error($"unknown rcode {property.Only("template")}", "template");

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

    /// <summary><c>log [NAME...] [FORMAT] { class CLASS... }</c>: a line is always in the common format.</summary>
    private static LogPlan Log(CorefileDirective directive)
    {
        var names = directive.Texts().Where(word => !word.StartsWith('{')).ToList();
        var classes = new List<string>();
        foreach (var property in directive.Properties())
        {
            classes.AddRange(property.Name.Text == "class" ? property.Some("log") : throw property.Unknown("log"));
        }

        return classes.FirstOrDefault(word => word is not ("all" or "denial" or "error" or "success")) is { } unknown
            ? throw directive.Error($"unknown class \"{unknown}\"")
            : new LogPlan(names.Count == 0 ? [NameSuffix.Root] : directive.Zones("log", names), classes.Contains("all") ? [] : [.. classes]);
    }

    /// <summary>Without zones, every name.</summary>
    internal static NameSuffix[] FallThrough(CorefileDirective property, string plugin) => property.ZonesOr(plugin, property.Texts(), [NameSuffix.Root]);
}
