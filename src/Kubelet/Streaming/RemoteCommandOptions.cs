using Dataplane.Kubelet.Runtimes;
using Microsoft.AspNetCore.Http;

namespace Dataplane.Kubelet.Streaming;

/// <summary>The query of a request for a program's streams: the API server writes <c>input=1</c> where its own clients write <c>stdin=true</c>.</summary>
internal sealed record RemoteCommandOptions
{
    /// <summary>argv; it is not a shell's line. Empty when attaching.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    public required ProgramStreamsRequest Streams { get; init; }

    /// <summary>Of the query; for attaching the container decides.</summary>
    public bool Terminal { get; init; }

    /// <exception cref="FormatException">No stream asked for; the message is for the user.</exception>
    internal static RemoteCommandOptions Parse(IQueryCollection query)
    {
        var options = new RemoteCommandOptions
        {
            Command = [.. query["command"].Select(argument => argument ?? "")],
            Terminal = Flag("tty"),
            Streams = new ProgramStreamsRequest
            {
                Input = Flag("input"),
                Output = Flag("output"),

                // A terminal has one output; a client that asks for both streams gets everything as stdout.
                Error = Flag("error") && !Flag("tty"),
            },
        };
        return options.Streams is { Input: false, Output: false, Error: false }
            ? throw new FormatException("you must specify at least 1 of stdin, stdout, stderr")
            : options;

        bool Flag(string name) => query[name].ToString() is "1" or "true";
    }
}
