using System.Net;
using System.Net.Sockets;
using Dataplane.Linux.Namespaces;
using Microsoft.AspNetCore.Http;

namespace Dataplane.Hosting.Tests;

public sealed class HttpEndpointTests
{
    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    [Fact]
    public async Task ServesItsHandlerAndFreesThePortAtTheEnd()
    {
        IPEndPoint bound;
        await using (var endpoint = await HttpEndpoint.StartAsync(new() { Address = AnyPort }, Hello))
        {
            bound = endpoint.LocalEndPoint;
            using var client = new HttpClient();
            Assert.Equal("hello /x", await client.GetStringAsync(new Uri($"http://{bound}/x")));
        }

        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => socket.Connect(bound)).SocketErrorCode);
    }

    [Fact]
    public async Task APortInUseIsNamed()
    {
        await using var first = await HttpEndpoint.StartAsync(new() { Address = AnyPort }, Hello);
        var failure = await Assert.ThrowsAnyAsync<IOException>(() => HttpEndpoint.StartAsync(new() { Address = first.LocalEndPoint }, Hello));
        Assert.Contains(first.LocalEndPoint.ToString(), failure.Message);
    }

    [Fact]
    public async Task ListensInsideAnotherNetworkNamespace()
    {
        var name = $"dp-t-{Guid.NewGuid():N}"[..15];
        try
        {
            using var networkNamespace = NetworkNamespace.Create(name);
            await using var endpoint = await HttpEndpoint.StartAsync(
                new() { Address = new(IPAddress.Any, 8080), Namespace = networkNamespace }, Hello);
            Assert.Contains(":1F90 ", networkNamespace.Invoke(() => File.ReadAllText("/proc/thread-self/net/tcp")));
        }
        finally
        {
            NetworkNamespace.Delete(name);
        }
    }

    private static Task Hello(HttpContext context) => context.Response.WriteAsync($"hello {context.Request.Path}");
}
