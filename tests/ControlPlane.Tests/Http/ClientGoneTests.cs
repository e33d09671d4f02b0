using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Tests.Http;

/// <summary>A client that goes away while it sends: upstream says nothing about it, least of all that something is wrong with the server.</summary>
public sealed class ClientGoneTests
{
    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Is_no_failure_of_the_server(string version)
    {
        using var logs = new Complaints();
        await using var server = await RawServer.StartAsync(controllers: false, loggers: logs);
        for (var round = 0; round < 10; round++)
        {
            Socket? connection = null;
            using var http = new HttpClient(new SocketsHttpHandler
            {
                SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
                ConnectCallback = async (context, cancellation) =>
                {
                    connection = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                    await connection.ConnectAsync(context.DnsEndPoint, cancellation);
                    return new NetworkStream(connection, ownsSocket: true);
                },
            });
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Http.BaseAddress!, "/api/v1/namespaces/default/configmaps"))
            {
                Version = new Version(version),
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Content = new HalfBody(),
            };
            request.Headers.Authorization = server.Http.DefaultRequestHeaders.Authorization;
            var sending = http.SendAsync(request, RawServer.Cancellation);
            await UntilAsync(server, inFlight: 1);

            connection!.Close(0);

            await UntilAsync(server, inFlight: 0);
            await ((HalfBody)request.Content).EndAsync();
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => sending);
        }

        Assert.True(logs.Lines.IsEmpty, string.Join("\n", logs.Lines));
    }

    [Fact]
    public async Task Is_known_from_the_broken_body_before_the_request_is_told()
    {
        var http = new DefaultHttpContext { Request = { Body = new BrokenStream() } };
        await Assert.ThrowsAsync<ClientGoneException>(() => RequestBody.ReadAsync(http));
        Assert.False(http.RequestAborted.IsCancellationRequested);
    }

    private static async Task UntilAsync(RawServer server, int inFlight)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(RawServer.Cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (!(await server.Http.GetStringAsync("/metrics", limit.Token)).Contains($"apiserver_current_inflight_requests{{request_kind=\"mutating\"}} {inFlight}\n", StringComparison.Ordinal))
        {
            await Task.Delay(20, limit.Token);
        }
    }

    /// <summary>A body of which one half never comes.</summary>
    private sealed class HalfBody : HttpContent
    {
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public HalfBody() => Headers.ContentType = new MediaTypeHeaderValue("application/json");

        public Task EndAsync()
        {
            _end.TrySetResult();
            return _end.Task;
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync("""{"metadata":{"name":"half"},"data":{"a":"""u8.ToArray());
            await stream.FlushAsync();
            await _end.Task;
            await stream.WriteAsync("\"b\"}}"u8.ToArray());
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 45;
            return true;
        }
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromException<int>(new IOException("The request stream was aborted."));
    }

    /// <summary>What is logged as a warning or worse.</summary>
    private sealed class Complaints : ILoggerFactory, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("this factory is its only provider");

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                Lines.Enqueue($"{logLevel}: {formatter(state, exception)} {exception}");
            }
        }

        public void Dispose()
        {
            // Nothing is held.
        }
    }
}
