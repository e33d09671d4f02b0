using System.Buffers.Binary;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Schema;

namespace Dataplane.ControlPlane.Tests.Http;

/// <summary>What a client gets that asks for protobuf first, as kubelets and controllers do.</summary>
public sealed class ProtobufTests : IAsyncLifetime
{
    private const string Accept = "application/vnd.kubernetes.protobuf,application/json";
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private static readonly TypeSchema ConfigMap = SchemaTable.Kubernetes.Type("core.ConfigMap");
    private RawServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await RawServer.StartAsync(history: 40, controllers: false);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task AnObjectIsTheSameInBothForms()
    {
        await _server.CreateConfigMapAsync("a");
        using var answer = await _server.SendAsync(HttpMethod.Get, $"{ConfigMaps}/a", Accept);
        Assert.Equal(ProtobufDecoder.MediaType, answer.Content.Headers.ContentType?.ToString());
        var decoded = ProtobufDecoder.Decode(await answer.Content.ReadAsByteArrayAsync(RawServer.Cancellation), ConfigMap);
        var json = await _server.GetAsync($"{ConfigMaps}/a");
        Assert.True(JsonNode.DeepEquals(json, decoded), $"{json}\n{decoded}");
    }

    [Fact]
    public async Task AListHasItsMetadataAndItems()
    {
        await _server.CreateConfigMapAsync("a");
        await _server.CreateConfigMapAsync("b");
        using var answer = await _server.SendAsync(HttpMethod.Get, $"{ConfigMaps}?limit=1", Accept);
        var (kind, revision, next, names) = ReadList(await answer.Content.ReadAsByteArrayAsync(RawServer.Cancellation));
        Assert.Equal("v1 ConfigMapList", kind);
        Assert.True(revision > 0);
        Assert.NotEmpty(next);
        Assert.Equal(["a"], names);
    }

    [Fact]
    public async Task AWatchIsLengthDelimited()
    {
        var from = await _server.CreateConfigMapAsync("a");
        await _server.CreateConfigMapAsync("b");
        await _server.SendAsync(HttpMethod.Delete, $"{ConfigMaps}/b");
        using var answer = await _server.SendAsync(HttpMethod.Get, $"{ConfigMaps}?watch=1&resourceVersion={from}", Accept);
        Assert.Equal(ProtobufDecoder.MediaType + ";stream=watch", answer.Content.Headers.ContentType?.ToString().Replace(" ", ""));
        await using var body = await answer.Content.ReadAsStreamAsync(RawServer.Cancellation);
        var (added, deleted) = (await ReadFrameAsync(body, ConfigMap), await ReadFrameAsync(body, ConfigMap));
        Assert.Equal(["ADDED", "DELETED"], [added.Type, deleted.Type]);
        Assert.Equal("ConfigMap", added.Object.Text("kind"));
        Assert.Equal("b", deleted.Object.Text("metadata", "name"));
    }

    [Fact]
    public async Task AForgottenRevisionIsAnErrorFrame()
    {
        var old = await _server.CreateConfigMapAsync("old");
        for (var i = 0; i < 50; i++)
        {
            await _server.CreateConfigMapAsync($"filler-{i}");
        }

        using var answer = await _server.SendAsync(HttpMethod.Get, $"{ConfigMaps}?watch=1&resourceVersion={old}", Accept);
        await using var body = await answer.Content.ReadAsStreamAsync(RawServer.Cancellation);
        var (type, status) = await ReadFrameAsync(body, SchemaTable.Kubernetes.Type("meta.Status"));
        Assert.Equal("ERROR", type);
        Assert.Equal(410, status.Integer("code"));
    }

    private static (string Kind, long Revision, string Continue, List<string> Names) ReadList(byte[] body)
    {
        Assert.Equal("k8s\0"u8.ToArray(), body[..4]);
        var (kind, next, revision, names) = ("", "", 0L, new List<string>());
        byte[] list = [];
        var envelope = new ProtobufReader(body.AsSpan(4));
        while (envelope.Next())
        {
            var bytes = envelope.Bytes();
            kind = envelope.Field == 1 ? string.Join(' ', Texts(bytes).Values) : kind;
            list = envelope.Field == 2 ? bytes.ToArray() : list;
        }

        var message = new ProtobufReader(list);
        while (message.Next())
        {
            var field = message.Field;
            var bytes = message.Bytes();
            if (field == 1)
            {
                revision = long.Parse(Texts(bytes)[2]);
                next = Texts(bytes)[3];
                continue;
            }

            // ConfigMap.metadata = 1, ObjectMeta.name = 1.
            var item = new ProtobufReader(bytes);
            Assert.True(item.Next());
            names.Add(Texts(item.Bytes())[1]);
        }

        return (kind, revision, next, names);
    }

    private static Dictionary<int, string> Texts(ReadOnlySpan<byte> bytes)
    {
        var texts = new Dictionary<int, string>();
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            if (reader.Field < 4)
            {
                texts[reader.Field] = reader.Text();
            }
            else
            {
                reader.Skip();
            }
        }

        return texts;
    }

    private static async Task<(string Type, JsonObject Object)> ReadFrameAsync(Stream body, TypeSchema type)
    {
        var head = new byte[4];
        await body.ReadExactlyAsync(head, RawServer.Cancellation);
        var frame = new byte[BinaryPrimitives.ReadInt32BigEndian(head)];
        await body.ReadExactlyAsync(frame, RawServer.Cancellation);
        return ReadEvent(frame, type);
    }

    private static (string Type, JsonObject Object) ReadEvent(byte[] frame, TypeSchema type)
    {
        var name = "";
        JsonObject? obj = null;
        var change = new ProtobufReader(frame);
        while (change.Next())
        {
            if (change.Field == 1)
            {
                name = change.Text();
                continue;
            }

            var extension = new ProtobufReader(change.Bytes());
            Assert.True(extension.Next());
            obj = ProtobufDecoder.Decode(extension.Bytes(), type);
        }

        return (name, obj!);
    }
}
