using System.Globalization;
using Dataplane.Api;

namespace Dataplane.Kubelet.Streaming;

/// <summary>
/// Kubernetes' remote command protocol over WebSocket: binary messages whose first byte is a channel. The program's end is a
/// v1 Status on channel 3, then the connection is closed. Source: k8s.io/apimachinery remotecommand constants; v5 is KEP-4006.
/// </summary>
internal static class RemoteCommandProtocol
{
    /// <summary>Has <see cref="CloseChannel"/>; without it a client cannot end the program's input.</summary>
    internal const string V5 = "v5.channel.k8s.io";
    internal const string V4 = "v4.channel.k8s.io";

    internal const byte InputChannel = 0;
    internal const byte OutputChannel = 1;
    internal const byte ErrorChannel = 2;
    internal const byte StatusChannel = 3;

    /// <summary>The client's terminal has a new size: <c>{"Width":80,"Height":24}</c>.</summary>
    internal const byte ResizeChannel = 4;

    /// <summary>The second byte is the channel that is closed.</summary>
    internal const byte CloseChannel = 255;

    /// <returns>The newest version that a client offers; null for none that is served.</returns>
    internal static string? Choose(IEnumerable<string> offered)
    {
        var names = offered.ToHashSet(StringComparer.Ordinal);
        return names.Contains(V5) ? V5 : names.Contains(V4) ? V4 : null;
    }

    /// <summary>What a client makes its own exit code from.</summary>
    internal static Status Ended(IReadOnlyList<string> command, int exitCode)
    {
        if (exitCode == 0)
        {
            return new Status { Outcome = "Success" };
        }

        var code = exitCode.ToString(CultureInfo.InvariantCulture);
        return new Status
        {
            Outcome = "Failure",
            Reason = "NonZeroExitCode",
            Message = $"command terminated with non-zero exit code: error executing command [{string.Join(' ', command)}], exit code {code}",
            Details = new StatusDetails { Causes = [new StatusCause { Reason = "ExitCode", Message = code }] },
        };
    }

    /// <summary>The program was not started.</summary>
    internal static Status NotStarted(string problem)
    {
        var message = $"error executing command in container: {problem}";
        return new Status
        {
            Outcome = "Failure",
            Reason = "InternalError",
            Message = $"Internal error occurred: {message}",
            Details = new StatusDetails { Causes = [new StatusCause { Message = message }] },
            Code = 500,
        };
    }
}
