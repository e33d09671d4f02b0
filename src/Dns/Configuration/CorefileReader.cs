using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using Dataplane.Dns.Server;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Configuration;

/// <summary>
/// Reads a Corefile as CoreDNS reads it, as far as this server has what it names. A directive of CoreDNS's that is not here is an error
/// and not ignored: a server that left out an access list would be worse than one that does not start.
/// </summary>
internal sealed class CorefileReader
{
    private static readonly IPEndPoint DefaultHealth = new(ListenKey.Everywhere, 8080);
    private static readonly IPEndPoint DefaultReady = new(ListenKey.Everywhere, 8181);
    private static readonly IPEndPoint DefaultMetrics = new(IPAddress.Loopback, 9153);

    private readonly int _defaultPort;
    private DnsPlan _plan = new() { Servers = [] };

    private CorefileReader(int defaultPort) => _defaultPort = defaultPort;

    /// <exception cref="CorefileException">Names file and line.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal static DnsPlan ReadFile(string path, int defaultPort) => Read(File.ReadAllText(path), path, defaultPort, Environment.GetEnvironmentVariable);

    /// <summary>Reads a text.</summary>
    /// <param name="text">The Corefile.</param>
    /// <param name="file">What errors call it, and where imports are looked for.</param>
    /// <param name="defaultPort">For zones without one.</param>
    /// <param name="environment">Looks up variables.</param>
    /// <param name="sources">Takes what was read, imported files too, as far as it was read.</param>
    internal static DnsPlan Read(string text, string file, int defaultPort, Func<string, string?> environment, ICollection<string>? sources = null)
    {
        var reader = new CorefileReader(defaultPort);
        var servers = new List<ServerPlan>();
        var seen = new Dictionary<(Transport, int, string, string), CorefileWord>();
        foreach (var block in CorefileParser.Parse(text, file, environment, sources))
        {
            foreach (var server in reader.ReadBlock(block))
            {
                foreach (var zone in server.Zones)
                {
                    var address = string.Join(',', server.Addresses.Select(bound => bound.ToString()));
                    if (!seen.TryAdd((server.Transport, server.Port, address, zone.ToString()), block.Keys[0]))
                    {
                        var name = Transport.Dns == server.Transport ? "dns" : server.Transport.ToString().ToLowerInvariant();
                        throw CorefileException.At(file, block.Keys[0].Line, $"cannot serve {name}://{zone}:{server.Port} - it is already defined");
                    }
                }

                servers.Add(server);
            }
        }

        if (servers.Count == 0)
        {
            throw CorefileException.At(file, 1, "no server block");
        }

        if (servers.Select(server => server.Kubernetes).OfType<KubernetesPlan>().Distinct().Count() > 1)
        {
            throw CorefileException.At(file, 1, "two server blocks serve different clusters: one process serves one", "kubernetes");
        }

        return reader._plan with { Servers = servers };
    }

    /// <summary>Keys with different ports or protocols make several servers of one block.</summary>
    private IEnumerable<ServerPlan> ReadBlock(CorefileBlock block)
    {
        var keys = block.Keys.Select(key => ReadKey(key)).ToList();
        var zones = keys.SelectMany(key => key.Zones).ToArray();
        var server = new ServerPlan { Zones = zones };
        foreach (var directive in block.Directives)
        {
            server = ReadDirective(directive, server);
        }

        foreach (var group in keys.GroupBy(key => (key.Transport, key.Port)))
        {
            if (group.Key.Transport is not Transport.Dns && server.Certificate is null)
            {
                throw CorefileException.At(block.Keys[0].File, block.Keys[0].Line, "a server for TLS or HTTPS needs a certificate", "tls");
            }

            yield return server with { Zones = [.. group.SelectMany(key => key.Zones)], Transport = group.Key.Transport, Port = group.Key.Port };
        }
    }

    /// <summary><c>[dns://|tls://|https://]ZONE[:PORT]</c>.</summary>
    private (NameSuffix[] Zones, Transport Transport, int Port) ReadKey(CorefileWord key)
    {
        var (transport, rest, port) = key.Text switch
        {
            _ when key.Text.StartsWith("tls://", StringComparison.OrdinalIgnoreCase) => (Transport.Tls, key.Text[6..], 853),
            _ when key.Text.StartsWith("https://", StringComparison.OrdinalIgnoreCase) => (Transport.Https, key.Text[8..], 443),
            _ when key.Text.StartsWith("dns://", StringComparison.OrdinalIgnoreCase) => (Transport.Dns, key.Text[6..], _defaultPort),
            _ when key.Text.Contains("://", StringComparison.Ordinal) => throw Error($"server protocol of {key.Text} is not one of dns, tls, https"),
            _ => (Transport.Dns, key.Text, _defaultPort),
        };
        var colon = rest.LastIndexOf(':');
        if (colon >= 0)
        {
            if (!int.TryParse(rest.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is < 1 or > 65535)
            {
                throw Error($"\"{rest[(colon + 1)..]}\" is not a port");
            }

            rest = rest[..colon];
        }

        return ([.. DirectiveWords.ZonesOf(rest.Length == 0 ? "." : rest, Error)], transport, port);

        CorefileException Error(string what) => CorefileException.At(key.File, key.Line, what);
    }

    private ServerPlan ReadDirective(CorefileDirective directive, ServerPlan server)
    {
        switch (directive.Name.Text)
        {
            case "errors":
                return server with { Errors = ErrorsReader.Read(directive) };
            case "local":
                directive.Nothing("local");
                return server with { KnowsLocalhost = true };
            case "debug" or "cancel" or "metadata":
                // What these add to CoreDNS has nothing to add here.
                return server;
            case "health":
                _plan = _plan with { Health = directive.Listen("health", DefaultHealth), LameDuck = LameDuck(directive) };
                return server;
            case "ready":
                _plan = _plan with { Ready = directive.Listen("ready", DefaultReady) };
                return server;
            case "prometheus":
                _plan = _plan with { Metrics = directive.Listen("prometheus", DefaultMetrics) };
                return server;
            case "reload":
                _plan = _plan with { ReloadInterval = ReloadInterval(directive) };
                return server;
            case "bind":
                return server with { Addresses = [.. server.Addresses, .. Addresses(directive)] };
            case "multisocket":
                return server with { UdpThreads = directive.Arguments.Count == 0 ? null : directive.Number("multisocket", 0, 1, 1024) };
            case "loop":
                directive.Nothing("loop");
                return server with { FindsLoops = true };
            case "loadbalance" when directive.Properties() is [var property, ..]:
                throw property.Name.Text is "prefer" ? property.Error("property 'prefer' is not supported by this server", "loadbalance") : property.Unknown("loadbalance");
            case "loadbalance":
                return directive.Arguments is [] or [{ Text: "round_robin" }]
                    ? server with { Shuffles = true }
                    : throw directive.Error(
                        directive.Arguments[0].Text is "weighted" ? "policy 'weighted' is not supported by this server" : $"unknown policy: {directive.Arguments[0].Text}");
            case "bufsize":
                return server with { PayloadSize = directive.Arguments.Count == 0 ? 1232 : directive.Number("bufsize", 0, 512, 4096) };
            case "tls" when directive.Properties().FirstOrDefault(property => property is not { Name.Text: "client_auth", Arguments: [{ Text: "nocert" }] }) is { } property:
                throw property.Error($"property '{property.Name.Text} {string.Join(' ', property.Texts())}' is not supported by this server", "tls");
            case "tls":
                return directive.Texts() is [var certificate, var key, ..]
                    ? server with { Certificate = (Resolve(directive, certificate), Resolve(directive, key)) }
                    : throw directive.ArgumentError();
            default:
                return PluginReader.Read(directive, server);
        }
    }

    private static TimeSpan LameDuck(CorefileDirective health)
    {
        var lameDuck = TimeSpan.Zero;
        foreach (var property in health.Properties())
        {
            lameDuck = property.Name.Text == "lameduck" ? property.Duration("health", 0) : throw property.Unknown("health");
        }

        return lameDuck;
    }

    /// <summary>Every 30 s unless told otherwise; more often than every 2 s is refused, as by CoreDNS.</summary>
    private static TimeSpan? ReloadInterval(CorefileDirective reload)
    {
        if (reload.Arguments is [{ Text: "off" }])
        {
            return null;
        }

        var interval = reload.Arguments.Count > 0 ? reload.Duration("reload", 0) : TimeSpan.FromSeconds(30);
        return interval >= TimeSpan.FromSeconds(2) ? interval : throw reload.Error($"interval value must be greater or equal to 2s");
    }

    /// <summary><c>bind ADDRESS|INTERFACE... { except ADDRESS|INTERFACE... }</c>.</summary>
    private static IEnumerable<IPAddress> Addresses(CorefileDirective bind)
    {
        var except = new List<IPAddress>();
        foreach (var property in bind.Properties())
        {
            except.AddRange(property.Name.Text == "except"
                ? property.Some("bind").SelectMany(word => Addresses(property, word))
                : throw property.Unknown("bind"));
        }

        return bind.Some("bind").SelectMany(word => Addresses(bind, word)).Except(except);
    }

    /// <summary>An address, or those of an interface. Link-local ones mean nothing without their interface and are left out.</summary>
    private static IEnumerable<IPAddress> Addresses(CorefileDirective directive, string word)
    {
        if (IPAddress.TryParse(word, out var address))
        {
            return [address];
        }

        return NetworkInterface.GetAllNetworkInterfaces().FirstOrDefault(network => network.Name == word) is { } found
            ? found.GetIPProperties().UnicastAddresses.Select(unicast => unicast.Address).Where(own => !own.IsIPv6LinkLocal)
            : throw directive.Error($"not a valid IP address or interface name: {word}", "bind");
    }

    internal static string Resolve(CorefileDirective directive, string path) =>
        Path.GetFullPath(path, Path.GetDirectoryName(Path.GetFullPath(directive.Name.File))!);
}
