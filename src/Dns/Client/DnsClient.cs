using System.Net;
using System.Security.Cryptography;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Wire;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Dns.Client;

/// <summary>How a question is put.</summary>
public sealed record DnsQueryOptions
{
    public required IPEndPoint Server { get; init; }

    /// <summary>Asks by TCP only; otherwise by UDP, and again by TCP when the answer was cut.</summary>
    public bool Tcp { get; init; }

    /// <summary>Takes a cut UDP answer as it is.</summary>
    public bool IgnoreTruncation { get; init; }

    /// <summary>UDP payload offered by EDNS; null leaves EDNS out.</summary>
    public int? PayloadSize { get; init; } = 1232;

    public bool DnssecOk { get; init; }

    public bool RecursionDesired { get; init; } = true;

    /// <summary>For the whole exchange.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Where the socket is made; null is the process's own namespace.</summary>
    public NetworkNamespace? Namespace { get; init; }
}

/// <summary>Asks one server one question, with the server's own codec.</summary>
public static class DnsClient
{
    /// <param name="name">Absolute, with or without the final dot; no search list is applied.</param>
    /// <param name="type">What is asked.</param>
    /// <param name="options">Whom and how.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="FormatException">The name is not one.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The server cannot be reached, or says so.</exception>
    /// <exception cref="TimeoutException">It did not answer in time.</exception>
    /// <exception cref="InvalidDataException">Its answer is malformed.</exception>
    public static async Task<DnsResponse> QueryAsync(string name, RecordType type, DnsQueryOptions options, CancellationToken cancellation = default)
    {
        var flags = options.RecursionDesired ? DnsHeader.RD : 0;
        var query = QueryMessage.Write(DnsName.Parse(name), type, flags, options.PayloadSize, options.DnssecOk);
        DnsHeader.SetId(query, (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(options.Timeout);
        try
        {
            var exchange = options switch
            {
                { Tcp: true } => UpstreamExchange.AskStreamAsync(options.Server, query, options.Namespace, limit.Token),
                { IgnoreTruncation: true } => UpstreamExchange.AskDatagramAsync(options.Server, query, options.Namespace, limit.Token),
                _ => UpstreamExchange.AskAsync(
                    options.Server, query, options.Namespace, limit.Token, (again, token) => UpstreamExchange.AskStreamAsync(options.Server, again, options.Namespace, token)),
            };
            return DnsResponse.Read(await exchange);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"{options.Server} did not answer within {options.Timeout.TotalSeconds} s");
        }
    }
}
