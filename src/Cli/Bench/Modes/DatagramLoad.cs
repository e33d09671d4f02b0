using System.Diagnostics;
using Dataplane.Linux;
using Dataplane.Linux.Epoll;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Cli.Bench.Modes;

/// <summary>UDP clients that each send a request and wait for its answer, over and over.</summary>
/// <param name="targets">Where: clients take turns.</param>
/// <param name="fresh">Every request comes from a port of its own, as resolvers do it.</param>
internal sealed class DatagramLoad(NetworkNamespace machine, InetEndPoint[] targets, int clients, bool fresh)
    : LoadThread(machine, $"datagrams {machine.Name}")
{
    private const int LimitMilliseconds = 1_000;

    private readonly byte[] _message = LoadMessage.Of(LoadKind.Request);
    private readonly byte[] _answer = new byte[2048];
    private readonly DatagramSocket[] _sockets = new DatagramSocket[clients];
    private readonly long[] _startedAt = new long[clients];

    protected override void Open()
    {
        for (var slot = 0; slot < clients; slot++)
        {
            _sockets[slot] = new DatagramSocket();
            Begin(slot);
        }
    }

    protected override void Serve(int slot, EpollEvents events)
    {
        var count = _sockets[slot].Receive(_answer);
        if (count == -Errno.EAGAIN)
        {
            return;
        }

        if (count == LoadMessage.Size)
        {
            Answered(_startedAt[slot]);
        }
        else
        {
            Failed();
        }

        Next(slot);
    }

    protected override void Check()
    {
        for (var slot = 0; slot < clients; slot++)
        {
            if (Stopwatch.GetElapsedTime(_startedAt[slot]).TotalMilliseconds > LimitMilliseconds)
            {
                Failed();
                Next(slot);
            }
        }
    }

    protected override void Close()
    {
        foreach (var socket in _sockets)
        {
            socket?.Dispose();
        }
    }

    private void Next(int slot)
    {
        if (fresh)
        {
            _sockets[slot].CloseSocket();
            Begin(slot);
        }
        else
        {
            Send(slot);
        }
    }

    private void Begin(int slot)
    {
        var target = targets[slot % targets.Length];
        if (_sockets[slot].Open(target.IsIPv6) < 0 || _sockets[slot].Connect(target) < 0 || Epoll.Add(_sockets[slot], EpollEvents.In, (ulong)slot) < 0)
        {
            throw new InvalidOperationException("the load generator has no descriptors or ports left");
        }

        Send(slot);
    }

    // One that the kernel does not take is found by Check, as one that the network lost.
    private void Send(int slot)
    {
        _startedAt[slot] = Stopwatch.GetTimestamp();
        _sockets[slot].Send(_message);
    }
}
