using System.Diagnostics;
using Dataplane.Linux;
using Dataplane.Linux.Epoll;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>What came of starting to dial.</summary>
internal enum DialOutcome
{
    UnderWay,

    /// <summary>No endpoint is left to try.</summary>
    NobodyAnswers,

    /// <summary>No file descriptor is left.</summary>
    NoDescriptor,
}

/// <summary>Connects to endpoints, one after the other until one answers, and notes how each of them does.</summary>
internal sealed class StreamDialler(int loop, DialTimers timers, EpollInstance epoll, RelayCounters counters)
{
    internal DialTimers Timers { get; } = timers;

    /// <summary>Starts the next attempt.</summary>
    internal DialOutcome Dial(RelayConnection connection, long now)
    {
        var server = connection.Server;
        for (; connection.Attempt < Timers.Attempts; Failed(connection, now))
        {
            var result = server.Socket.OpenToSendFirst(connection.Endpoint.EndPoint.IsIPv6);
            if (result < 0)
            {
                return DialOutcome.NoDescriptor;
            }

            server.Socket.Mark(connection.PreservesClient ? RelayMarks.Own | RelayMarks.Preserving : RelayMarks.Own);
            if (connection.PreservesClient)
            {
                // An address that cannot be had would be a hole in the policy: the endpoint must not see the node's instead.
                result = server.Socket.BindTo(connection.Peer with { Port = 0 });
            }

            connection.DialledAt = Stopwatch.GetTimestamp();
            result = result < 0 ? result : server.Socket.Connect(connection.Endpoint.EndPoint);
            if (result is 0 or -Errno.EINPROGRESS)
            {
                Timers.Start(connection, now);
                server.Watched = StreamPump.InputAndOutput;
                return epoll.Add(server.Socket, server.Watched, connection.Token(server)) < 0 ? DialOutcome.NoDescriptor : DialOutcome.UnderWay;
            }
        }

        return DialOutcome.NobodyAnswers;
    }

    /// <summary>Notes that the endpoint did not answer, or not in time, and turns to the next.</summary>
    internal void Failed(RelayConnection connection, long now)
    {
        counters.DialFailures++;
        var own = connection.Endpoint.On(loop);
        own.DialFailures++;
        if (connection.Endpoint.Failed(now))
        {
            own.Ejections++;
        }

        connection.Server.Socket.CloseSocket();
        connection.Server.Reset();
        connection.Attempt++;
        connection.EndpointIndex = Balancer.Next(connection.Endpoints, connection.EndpointIndex, now);
    }

    /// <summary>Notes that the endpoint answered.</summary>
    internal void Answered(RelayConnection connection)
    {
        var own = connection.Counters = connection.Endpoint.On(loop);
        own.Connections++;
        own.Active++;
        own.Retries += connection.Attempt > 0 ? 1 : 0;
        own.Dialled(Stopwatch.GetElapsedTime(connection.DialledAt));
        counters.Connected++;
        connection.Balance!.Connected(connection.Peer, connection.Endpoint);
    }
}
