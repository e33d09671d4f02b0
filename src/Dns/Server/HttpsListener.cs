using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Wire;
using Dataplane.Hosting;
using Dataplane.Linux.Namespaces;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dataplane.Dns.Server;

/// <summary>DNS over HTTPS (RFC 8484): <c>/dns-query</c>, POST with a message, or GET with one in <c>?dns=</c>.</summary>
internal sealed class HttpsListener : IAsyncDisposable
{
    private const string Path = "/dns-query";
    private const string MediaType = "application/dns-message";

    private readonly SiteSource _source;
    private readonly QueryEngine _engine;
    private readonly QueryCounters _counters;
    private HttpEndpoint? _endpoint;

    private HttpsListener(SiteSource source, QueryCounters counters)
    {
        (_source, _counters) = (source, counters);
        _engine = new QueryEngine(source, counters);
    }

    internal IPEndPoint LocalEndPoint => _endpoint!.LocalEndPoint;

    /// <exception cref="IOException">The address is in use or not there; the message names it.</exception>
    internal static async Task<HttpsListener> StartAsync(
        IPEndPoint address, NetworkNamespace? networkNamespace, X509Certificate2 certificate, SiteSource source, DnsMetrics metrics, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var listener = new HttpsListener(source, metrics.Add(new QueryCounters("https", address, "https")));
        var options = new HttpEndpointOptions { Address = address, Namespace = networkNamespace, Certificate = certificate };
        listener._endpoint = await HttpEndpoint.StartAsync(options, listener.HandleAsync, loggers, cancellation);
        return listener;
    }

    public ValueTask DisposeAsync() => _endpoint!.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        if (context.Request.Path != Path)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var message = new byte[ushort.MaxValue];
        var length = await ReadAsync(context, message);
        if (length < 0)
        {
            return;
        }

        var client = context.Connection.RemoteIpAddress ?? IPAddress.None;
        var from = (client.IsIPv4MappedToIPv6 ? client.MapToIPv4() : client).GetAddressBytes();
        var reply = await AnswerAsync(message, length, from, context.Connection.RemotePort);
        if (reply.IsEmpty)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        context.Response.ContentType = MediaType;
        context.Response.ContentLength = reply.Length;
        context.Response.Headers.CacheControl = string.Create(CultureInfo.InvariantCulture, $"max-age={MinTtl(reply.Span)}");
        await context.Response.Body.WriteAsync(reply, context.RequestAborted);
    }

    /// <returns>The message's length; negative when the response says what is wrong.</returns>
    private static async Task<int> ReadAsync(HttpContext context, byte[] message)
    {
        var request = context.Request;
        switch (request.Method)
        {
            case "GET" when request.Query["dns"] is [{ Length: > 0 } text] && text.Length <= 4 * message.Length / 3
                && Base64Url.TryDecodeFromChars(text.AsSpan().TrimEnd('='), message, out var decoded):
                return decoded;
            case "POST" when request.ContentType == MediaType:
                var length = await request.Body.ReadAtLeastAsync(message, message.Length, throwOnEndOfStream: false, context.RequestAborted);
                return length;
            case "POST":
                context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
                return -1;
            case "GET":
                context.Response.StatusCode = StatusCodes.Status400BadRequest;
                return -1;
            default:
                context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
                return -1;
        }
    }

    private async Task<ReadOnlyMemory<byte>> AnswerAsync(byte[] message, int length, byte[] from, int port)
    {
        var start = Stopwatch.GetTimestamp();
        Reply reply;
        lock (_engine)
        {
            // Transfers are for streams: as by UDP they are refused here.
            reply = _engine.AnswerStream(message, length, from, port);
            if (reply.Disposition is Disposition.Send)
            {
                _counters.Took(1, Stopwatch.GetElapsedTime(start));
            }
        }

        switch (reply.Disposition)
        {
            case Disposition.Send:
                return message.AsMemory(0, reply.Length);
            case Disposition.Forward:
                var answered = new TaskCompletionSource<ForwardAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
                reply.Request!.Forwarder!.Start(reply.Request, answered.SetResult);
                var answer = await answered.Task;
                lock (_engine)
                {
                    _counters.Answered(answer.Code, answer.Message.Length);
                    _counters.Took(1, answer.Duration);
                }

                return answer.Message;
            case Disposition.Transfer:
                return message.AsMemory(0, ReplyBuilder.HeaderOnly(message, ResponseCode.Refused));
            default:
                return default;
        }
    }

    /// <summary>How long an HTTP cache may keep the answer: as long as any of its records (RFC 8484, 5.1).</summary>
    private static uint MinTtl(ReadOnlySpan<byte> reply)
    {
        Span<byte> name = stackalloc byte[NameView.MaxLength];
        var reader = new DnsReader(reply, DnsHeader.Size);
        if (DnsHeader.QuestionCount(reply) != 1 || !reader.TryName(name, out _) || !reader.TrySkip(2 * sizeof(ushort)))
        {
            return 0;
        }

        var lifetime = uint.MaxValue;
        for (var left = DnsHeader.AnswerCount(reply) + DnsHeader.AuthorityCount(reply); left > 0 && reader.TryRecord(name, out var record); left--)
        {
            lifetime = Math.Min(lifetime, record.Ttl);
        }

        return lifetime == uint.MaxValue ? 0 : lifetime;
    }
}
