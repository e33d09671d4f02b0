using System.Net.WebSockets;
using Dataplane.Api;
using Dataplane.Kubelet.Pods;
using Dataplane.Kubelet.Runtimes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dataplane.Kubelet.Streaming;

/// <summary>
/// /exec and /attach: the streams of a program in a running container, one started for the client or the container's own, over a
/// WebSocket or SPDY.
/// </summary>
internal sealed class RemoteCommandHandler(TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan StreamsLimit = TimeSpan.FromSeconds(30);

    /// <summary>Starts a program.</summary>
    internal async Task ExecuteAsync(HttpContext http, PodWorker worker, string container)
    {
        if (await OptionsAsync(http) is not { } options || await FindAsync(http, worker, container) is not { } running)
        {
            return;
        }

        if (options.Command.Count == 0)
        {
            await StreamUpgrade.RefuseAsync(http, StatusCodes.Status400BadRequest, "you must specify a command to run");
            return;
        }

        var request = new ContainerProgramRequest { Command = options.Command, Streams = options.Streams, Terminal = options.Terminal };
        await ServeAsync(http, worker, container, options, session => session.RunAsync(
            "executing command in container", () => running.StartProgramAsync(request), end => RemoteCommandStatus.Ended(options.Command, end.Code)));
    }

    /// <summary>Joins the container's own streams. Whether they are a terminal was decided when it was started.</summary>
    internal async Task AttachAsync(HttpContext http, PodWorker worker, string container)
    {
        if (await OptionsAsync(http) is not { } options || await FindAsync(http, worker, container) is not { } running)
        {
            return;
        }

        var terminal = PodContainers.Of(worker.Pod.Spec).FirstOrDefault(one => one.Name == container)?.TTY == true;
        await ServeAsync(http, worker, container, options with { Terminal = terminal }, session => session.RunAsync(
            "attaching to container", () => running.AttachAsync(options.Streams), static _ => RemoteCommandStatus.Success));
    }

    private static async Task<RemoteCommandOptions?> OptionsAsync(HttpContext http)
    {
        try
        {
            return RemoteCommandOptions.Parse(http.Request.Query);
        }
        catch (FormatException problem)
        {
            await StreamUpgrade.RefuseAsync(http, StatusCodes.Status400BadRequest, problem.Message);
            return null;
        }
    }

    private static async Task<IRunningContainer?> FindAsync(HttpContext http, PodWorker worker, string container)
    {
        if (worker.RunOf(container) is { Exit.IsCompleted: false } running)
        {
            return running;
        }

        await StreamUpgrade.RefuseAsync(http, StatusCodes.Status500InternalServerError, $"container not found (\"{container}\")");
        return null;
    }

    private async Task ServeAsync(
        HttpContext http, PodWorker worker, string container, RemoteCommandOptions options, Func<Conversation, Task> converse)
    {
        try
        {
            if (await ConnectAsync(http, options) is not { } client)
            {
                return;
            }

            await using (client)
            {
                await converse(new Conversation(client, new RemoteCommandSession(client, time), http.RequestAborted));
            }
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException or IOException)
        {
            Log.ClientGone(logger, NamespacedName.Of(worker.Pod).ToString(), container, gone.Message);
        }
    }

    private async Task<IRemoteClient?> ConnectAsync(HttpContext http, RemoteCommandOptions options)
    {
        if (http.WebSockets.IsWebSocketRequest)
        {
            return await StreamUpgrade.AcceptChannelsAsync(http, ChannelProtocol.RemoteCommand) is { } channels
                ? await WebSocketClient.StartAsync(channels.Socket, channels.Protocol, options.Streams, http.RequestAborted)
                : null;
        }

        if (await StreamUpgrade.AcceptSpdyAsync(http, SpdyClient.Protocols, new()) is not { } spdy)
        {
            return null;
        }

        using var limit = new CancellationTokenSource(StreamsLimit, time);
        return await SpdyClient.StartAsync(spdy.Session, spdy.Protocol, options.Streams, options.Terminal, limit.Token, http.RequestAborted);
    }

    /// <summary>A client that is connected, and how the talk with it goes.</summary>
    private sealed record Conversation(IRemoteClient Client, RemoteCommandSession Session, CancellationToken Cancellation)
    {
        /// <param name="activity">What is being done, for the client.</param>
        /// <param name="start">Its failure is told to the client.</param>
        /// <param name="statusOf">What the client is told at the end.</param>
        internal async Task RunAsync(string activity, Func<Task<ContainerProgram>> start, Func<Linux.Processes.ExitStatus, Status> statusOf)
        {
            ContainerProgram program;
            try
            {
                program = await start();
            }
            catch (ContainerStartException problem)
            {
                await Session.EndAsync(NotStarted(problem.Message), Cancellation);
                return;
            }

            await Session.RunAsync(program, statusOf, NotStarted, Cancellation);

            Status NotStarted(string problem) => RemoteCommandStatus.NotStarted(activity, problem);
        }
    }
}
