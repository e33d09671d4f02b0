using System.CommandLine;
using Dataplane.Api.Client;
using Dataplane.Linux;
using Dataplane.Netlink;
using Dataplane.Proxy;
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
        using var loggers = LoggerFactory.Create(builder => builder
            .AddSimpleConsole(console => console.SingleLine = true)
            .AddFilter("Microsoft", LogLevel.Warning));
        try
        {
            using var networkNamespace = arguments.OpenNamespace(parsed);
            if (parsed.GetValue(arguments.Cleanup))
            {
                await NodeProxy.CleanupAsync(networkNamespace, loggers);
                return 0;
            }

            await using var proxy = await NodeProxy.StartAsync(arguments.Options(parsed, networkNamespace), loggers, cancellation);
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return 0;
        }
        catch (Exception failure) when (failure is FormatException or KubeConfigException or ProxyModeException or LinuxException or NetlinkException or IOException)
        {
            await Console.Error.WriteLineAsync($"proxy: {failure.Message}");
            return 1;
        }
    }
}
