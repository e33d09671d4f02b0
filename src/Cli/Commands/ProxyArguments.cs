using System.CommandLine;
using System.Net;
using Dataplane.Api.Client;
using Dataplane.Linux.Namespaces;
using Dataplane.Proxy;
using Dataplane.Proxy.Configuration;
using Microsoft.Extensions.Logging;

namespace Dataplane.Cli.Commands;

/// <summary>kube-proxy's flags. A flag that this proxy has no use for is accepted and hidden, so that a DaemonSet's arguments need no change.</summary>
internal sealed class ProxyArguments
{
    private static readonly ConfigField HostnameOverride = ConfigFields.ByPath["hostnameOverride"];

    // Flags of kube-proxy's logging and of its past that mean nothing here.
    private static readonly string[] Ignored =
    [
        "log-flush-frequency", "logging-format", "log-json-info-buffer-size", "log-json-split-stream", "log-text-info-buffer-size", "log-text-split-stream", "vmodule",
        "kube-api-content-type", "machine-id-file", "boot-id-file",
    ];

    private readonly Dictionary<ConfigField, Option<string?>> _fields = ConfigFields.All.Where(field => field.Flag is not null).ToDictionary(field => field, OptionOf);
    private readonly Option<string?> _file = new("--config") { Description = "A KubeProxyConfiguration file. It takes the place of all flags but --hostname-override and --master." };
    private readonly Option<string?> _writeTo = new("--write-config-to") { Description = "Write the settings to a file and end." };
    private readonly Option<string?> _master = new("--master") { Description = "The API server's address, in place of the kubeconfig's." };
    private readonly Option<string?> _namespace = new("--network-namespace") { Description = "The network namespace to work in, by name or path; this process's own if left out." };

    private readonly Option<int> _healthzPort = DeprecatedPort("--healthz-port", "--healthz-bind-address");
    private readonly Option<int> _metricsPort = DeprecatedPort("--metrics-port", "--metrics-bind-address");

    /// <summary>Remove what a proxy left and end.</summary>
    internal Option<bool> Cleanup { get; } = new("--cleanup") { Description = "Remove every rule a proxy of this program or kube-proxy's nftables mode left, and end." };

    /// <summary>Do what needs privileges and end.</summary>
    internal Option<bool> InitOnly { get; } = new("--init-only") { Description = "Set the kernel's settings and end." };

    internal IEnumerable<Option> All =>
    [
        .. _fields.Values, _file, _writeTo, _master, _namespace, Cleanup, InitOnly, _healthzPort, _metricsPort,
        .. Ignored.Except(_fields.Keys.Select(known => known.Flag)).Select(name => new Option<string?>("--" + name) { Hidden = true }),
    ];

    internal NetworkNamespace? OpenNamespace(ParseResult parsed) => parsed.GetValue(_namespace) is { } name ? NetworkNamespace.Open(name) : null;

    /// <summary>Where --write-config-to wants the settings.</summary>
    internal string? WriteTo(ParseResult parsed) => parsed.GetValue(_writeTo);

    /// <summary>The configuration file; null for none.</summary>
    internal string? FileOf(ParseResult parsed) => parsed.GetValue(_file);

    /// <exception cref="FormatException">A setting that makes no sense; the message names the flag, or file and field.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal ProxyConfiguration Configuration(ParseResult parsed, ILogger logger)
    {
        var given = _fields.Where(pair => parsed.GetResult(pair.Value) is { Implicit: false }).ToList();
        if (parsed.GetValue(_file) is not { } path)
        {
            var configured = given.Aggregate(ProxyConfiguration.Default, (configuration, pair) => Take(configuration, pair.Key, parsed.GetValue(pair.Value)));
            return WithPort(parsed, _metricsPort, "metricsBindAddress", WithPort(parsed, _healthzPort, "healthzBindAddress", configured));
        }

        using var file = File.OpenText(path);
        var read = ConfigurationFile.Read(path, file, field => logger.FieldUnknown(path, field));
        foreach (var (field, option) in given)
        {
            if (field == HostnameOverride)
            {
                read = Take(read, field, parsed.GetValue(option));
            }
            else
            {
                logger.FlagIgnored(field.Flag!, path);
            }
        }

        return read;
    }

    /// <exception cref="FormatException">Settings that do not fit each other.</exception>
    /// <exception cref="KubeConfigException">The kubeconfig cannot be used.</exception>
    internal ProxyOptions Options(ParseResult parsed, ProxyConfiguration configuration, NetworkNamespace? networkNamespace)
    {
        var kubeConfig = configuration.Text("clientConnection.kubeconfig") is { Length: > 0 } path ? KubeConfig.Load(path)
            : parsed.GetValue(_master) is { } only ? new KubeConfig { Server = Master(only) }
            : KubeConfig.InCluster();
        return ConfiguredOptions.Of(configuration, parsed.GetValue(_master) is { } master ? kubeConfig with { Server = Master(master) } : kubeConfig, networkNamespace);
    }

    // 0 closes the port; any other number counts only for an address that comes without one (cmd/kube-proxy/app/options.go, addressFromDeprecatedFlags).
    private static ProxyConfiguration WithPort(ParseResult parsed, Option<int> option, string path, ProxyConfiguration configuration)
    {
        if (parsed.GetResult(option) is not { Implicit: false })
        {
            return configuration;
        }

        var (port, address) = (parsed.GetValue(option), configuration.Text(path));
        return port == 0 ? configuration.With(ConfigFields.ByPath[path], "")
            : IPAddress.TryParse(address.Trim('[', ']'), out var only) ? configuration.With(ConfigFields.ByPath[path], new IPEndPoint(only, port).ToString())
            : configuration;
    }

    private static Option<int> DeprecatedPort(string name, string instead)
    {
        var option = new Option<int>(name) { Description = $"Deprecated: use {instead}. 0 for none.", Hidden = true };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !ushort.TryParse(token.Value, out _))
            {
                result.AddError($"{name}: \"{token.Value}\" is not 0 to 65535");
            }
        });
        return option;
    }

    private static Uri Master(string text) => Uri.TryCreate(text.EndsWith('/') ? text : text + "/", UriKind.Absolute, out var server) && server.Scheme is "https" or "http"
        ? server
        : throw new FormatException($"--master: \"{text}\" is not an http or https address");

    private static ProxyConfiguration Take(ProxyConfiguration configuration, ConfigField field, string? value)
    {
        try
        {
            return configuration.With(field, value ?? (field.Kind == ConfigKind.Flag ? "true" : ""));
        }
        catch (FormatException failure)
        {
            throw new FormatException($"--{field.Flag}: {failure.Message}");
        }
    }

    private static Option<string?> OptionOf(ConfigField field) => new("--" + field.Flag)
    {
        Description = field.Use is null ? null : field.Default.Length == 0 ? field.Use : $"{field.Use} (default {field.Default})",
        Hidden = field.Use is null,
        Arity = field.Kind == ConfigKind.Flag ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
    };
}
