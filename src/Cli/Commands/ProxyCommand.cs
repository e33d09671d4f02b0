using System.CommandLine;
using System.Globalization;
using Dataplane.Api.Client;
using Dataplane.Linux;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink;
using Dataplane.Proxy;
using Dataplane.Proxy.Configuration;
using Microsoft.Extensions.Logging;

namespace Dataplane.Cli.Commands;

/// <summary><c>dataplane proxy</c>: one node's proxy in the place of kube-proxy.</summary>
internal static class ProxyCommand
{
    public static Command Create()
    {
        var arguments = new ProxyArguments();
        var command = new Command("proxy", "Runs a node's Service proxy until it is interrupted; rules stay, for the next one to take over.");
        foreach (var option in arguments.All)
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, cancellation) => RunAsync(arguments, parsed, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(ProxyArguments arguments, ParseResult parsed, CancellationToken cancellation)
    {
        using var loggers = CommandLog.Create(parsed);
        var logger = loggers.CreateLogger("Dataplane.Proxy");
        try
        {
            using var networkNamespace = arguments.OpenNamespace(parsed);
            if (parsed.GetValue(arguments.Cleanup))
            {
                await NodeProxy.CleanupAsync(networkNamespace, loggers);
                return 0;
            }

            var configuration = arguments.Configuration(parsed, logger);
            if (arguments.WriteTo(parsed) is { } path)
            {
                await using var file = File.CreateText(path);
                ConfigurationFile.Write(configuration, file);
                return 0;
            }

            SetOomScore(configuration.Number("oomScoreAdj"), networkNamespace, logger);
            var options = WithModeThatIsThere(arguments.Options(parsed, configuration, networkNamespace), logger);
            if (parsed.GetValue(arguments.InitOnly))
            {
                NodeProxy.Initialize(options, loggers);
                return 0;
            }

            foreach (var doubt in ConfigurationChecks.Doubts(configuration, options))
            {
                logger.Doubted(doubt);
            }

            // Watched before it is used: what is written from here on is noticed.
            using var watched = arguments.FileOf(parsed) is { } name ? new WatchedFile(name) : null;
            await using var proxy = await NodeProxy.StartAsync(options, loggers, cancellation);
            var changed = watched?.Changed ?? Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
            await changed.WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (watched is not { Changed.IsCompleted: true })
            {
                return 0;
            }

            logger.FileChanged(watched.Path);
            return 1;
        }
        catch (Exception failure) when (failure is FormatException or KubeConfigException or ProxyModeException or LinuxException or NetlinkException or IOException
            or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"proxy: {failure.Message}");
            return 1;
        }
    }

    // kube-proxy too goes on in mode iptables where it cannot have ipvs (cmd/kube-proxy/app/server_linux.go).
    private static ProxyOptions WithModeThatIsThere(ProxyOptions options, ILogger logger)
    {
        const string asked = "ipvs", instead = "iptables";
        if (options.Mode != asked || ProxyModes.Missing(asked, options.Namespace) is not { } missing)
        {
            return options;
        }

        logger.ModeReplaced(asked, instead, missing);
        return options with { Mode = instead };
    }

    // The proxy must outlive pods when memory runs out. Not for a proxy that is one of many on a machine.
    private static void SetOomScore(int value, NetworkNamespace? networkNamespace, ILogger logger)
    {
        if (networkNamespace is not null)
        {
            return;
        }

        try
        {
            File.WriteAllText("/proc/self/oom_score_adj", value.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            logger.OomScoreNotSet(value, failure.Message);
        }
    }
}
