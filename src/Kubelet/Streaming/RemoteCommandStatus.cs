using System.Globalization;
using System.Text;
using Dataplane.Api;

namespace Dataplane.Kubelet.Streaming;

/// <summary>What a client is told at the end, and makes its own exit code from.</summary>
internal static class RemoteCommandStatus
{
    internal static Status Success { get; } = new() { Outcome = "Success" };

    internal static Status Ended(IReadOnlyList<string> command, int exitCode)
    {
        if (exitCode == 0)
        {
            return Success;
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

    /// <summary>There was no program to run or to attach to.</summary>
    /// <param name="activity">"executing command in container" or "attaching to container".</param>
    /// <param name="problem">Why.</param>
    internal static Status NotStarted(string activity, string problem)
    {
        var message = $"error {activity}: {problem}";
        return new Status
        {
            Outcome = "Failure",
            Reason = "InternalError",
            Message = $"Internal error occurred: {message}",
            Details = new StatusDetails { Causes = [new StatusCause { Message = message }] },
            Code = 500,
        };
    }

    /// <returns>What is written to the error stream; before version 4 only a failure's message, and so nothing for success.</returns>
    internal static byte[] Encode(Status status, bool asObject) =>
        asObject ? ApiJson.Serialize(status) : status.Outcome == "Success" ? [] : Encoding.UTF8.GetBytes(status.Message ?? "");
}
