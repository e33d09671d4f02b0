using Microsoft.AspNetCore.Http;

namespace Dataplane.Kubelet.Streaming;

/// <summary>The query of a request to run a program: the API server writes <c>input=1</c> where its own clients write <c>stdin=true</c>.</summary>
internal sealed record ExecOptions
{
    /// <summary>argv; it is not a shell's line.</summary>
    public required IReadOnlyList<string> Command { get; init; }
    public bool Input { get; init; }
    public bool Output { get; init; }
    public bool Error { get; init; }
    public bool Terminal { get; init; }

    /// <exception cref="FormatException">Nothing to run or no stream asked for; the message is for the user.</exception>
    internal static ExecOptions Parse(IQueryCollection query)
    {
        var options = new ExecOptions
        {
            Command = [.. query["command"].Select(argument => argument ?? "")],
            Input = Flag("input"),
            Output = Flag("output"),
            Terminal = Flag("tty"),

            // A terminal has one output; a client that asks for both streams gets everything as stdout.
            Error = Flag("error") && !Flag("tty"),
        };
        if (!options.Input && !options.Output && !options.Error)
        {
            throw new FormatException("you must specify at least 1 of stdin, stdout, stderr");
        }

        return options.Command.Count > 0 ? options : throw new FormatException("you must specify a command to run");

        bool Flag(string name) => query[name].ToString() is "1" or "true";
    }
}
