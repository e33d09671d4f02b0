using System.CommandLine;
using System.CommandLine.Parsing;
using Dataplane.Api;
using Dataplane.ControlPlane;

namespace Dataplane.Cli.Commands;

/// <summary>The flags kube-apiserver has for etcd.</summary>
internal sealed class EtcdArguments
{
    private readonly Option<Uri[]> _servers = new("--etcd-servers")
    {
        Description = "Client addresses of etcd's members, separated by commas.",
        CustomParser = ParseServers,
        DefaultValueFactory = _ => [],
    };

    private readonly Option<string?> _authorities = new("--etcd-cafile") { Description = "PEM file with the roots of etcd's certificates." };
    private readonly Option<string?> _certificate = new("--etcd-certfile") { Description = "PEM file with the client certificate." };
    private readonly Option<string?> _key = new("--etcd-keyfile") { Description = "PEM file with its private key." };
    private readonly Option<string> _prefix = new("--etcd-prefix") { Description = "What keys begin with.", DefaultValueFactory = _ => "/registry" };

    private readonly Option<TimeSpan> _compaction = new("--etcd-compaction-interval")
    {
        Description = "How often the past is thrown away; 0 leaves it to others.",
        CustomParser = ParseDuration,
        DefaultValueFactory = _ => TimeSpan.FromMinutes(5),
    };

    public IEnumerable<Option> All => [_servers, _authorities, _certificate, _key, _prefix, _compaction];

    /// <returns>Null when no server is named.</returns>
    public EtcdOptions? Read(ParseResult arguments) => arguments.GetValue(_servers) is { Length: > 0 } servers
        ? new EtcdOptions
        {
            Servers = servers,
            CertificateAuthorityFile = arguments.GetValue(_authorities),
            CertificateFile = arguments.GetValue(_certificate),
            KeyFile = arguments.GetValue(_key),
            Prefix = arguments.GetValue(_prefix)!,
            CompactionInterval = arguments.GetValue(_compaction),
        }
        : null;

    private static Uri[] ParseServers(ArgumentResult result)
    {
        var servers = new List<Uri>();
        foreach (var text in result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)))
        {
            if (Uri.TryCreate(text, UriKind.Absolute, out var server) && server.Scheme is "http" or "https")
            {
                servers.Add(server);
            }
            else
            {
                result.AddError($"--etcd-servers: \"{text}\": expected http:// or https://, host and port");
            }
        }

        return [.. servers];
    }

    private static TimeSpan ParseDuration(ArgumentResult result)
    {
        try
        {
            return GoDuration.Parse(result.Tokens[0].Value);
        }
        catch (FormatException failure)
        {
            result.AddError($"--etcd-compaction-interval: {failure.Message}");
            return default;
        }
    }
}
