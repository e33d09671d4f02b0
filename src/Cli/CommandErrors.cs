using System.CommandLine;
using Dataplane.Api.Client;
using Dataplane.ControlPlane;
using Dataplane.Proxy;

namespace Dataplane.Cli;

/// <summary>Turns what went wrong into one line on standard error and an exit status.</summary>
internal static class CommandErrors
{
    internal const int Failure = 1;

    /// <summary>Gives a command its body. Ctrl-C and SIGTERM cancel the token; a body that then ends is no failure.</summary>
    internal static void SetBody(this Command command, Func<ParseResult, CancellationToken, Task<int>> body) =>
        command.SetAction((arguments, cancellation) => RunAsync(() => body(arguments, cancellation), cancellation));

    /// <exception cref="UserErrorException">This process is not root.</exception>
    internal static void RequireRoot(string command)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            throw new UserErrorException($"{command} makes network namespaces and needs root: run it with sudo");
        }
    }

    private static async Task<int> RunAsync(Func<Task<int>> body, CancellationToken cancellation)
    {
        try
        {
            return await body();
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception failure)
        {
            await Console.Error.WriteLineAsync($"dataplane: {Describe(failure)}");
            if (Environment.GetEnvironmentVariable("DATAPLANE_TRACE") is "1")
            {
                await Console.Error.WriteLineAsync(failure.ToString());
            }

            return Failure;
        }
    }

    /// <summary>An error that the program foresaw speaks for itself; another one is named by its type, so that it can be reported.</summary>
    private static string Describe(Exception failure) => failure switch
    {
        AggregateException { InnerExceptions.Count: 1 } aggregate => Describe(aggregate.InnerExceptions[0]),
        UserErrorException or IOException or UnauthorizedAccessException or ApiException or KubeConfigException or ControlPlaneException or ProxyModeException => OneLine(failure.Message),
        _ => $"{failure.GetType().Name}: {OneLine(failure.Message)} (DATAPLANE_TRACE=1 shows where)",
    };

    private static string OneLine(string message) => message.ReplaceLineEndings(" ").Trim();
}

/// <summary>What the user asked for cannot be done; the message says what and where.</summary>
internal sealed class UserErrorException(string message) : Exception(message);
