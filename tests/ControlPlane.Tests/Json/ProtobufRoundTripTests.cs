using System.Globalization;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Schema;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Services;
using FsCheck;
using FsCheck.Fluent;

namespace Dataplane.ControlPlane.Tests.Json;

/// <summary>JSON to protobuf and back, for objects made from the schema of every kind served.</summary>
public sealed class ProtobufRoundTripTests
{
    private const int MostDepth = 7;

    public static TheoryData<string> Served =>
        [.. ServedResources.Catalog(Allocation()).All.Select(resource => resource.SchemaName).Distinct(), "metrics.NodeMetrics", "metrics.PodMetrics"];

    [Theory]
    [MemberData(nameof(Served))]
    public void AnObjectComesBackAsItWent(string schemaName)
    {
        var type = SchemaTable.Kubernetes.Type(schemaName);
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
        {
            var obj = Message(type, new Random(seed), 0);
            obj["apiVersion"] = "v1";
            obj["kind"] = type.GoName;
            return JsonNode.DeepEquals(obj, ProtobufDecoder.Decode(ProtobufEncoder.Encode(obj, type).Span, type));
        }));
    }

    /// <summary>The short way of stored bytes leads where the way over a document leads.</summary>
    [Theory]
    [MemberData(nameof(Served))]
    public void StoredBytesBecomeWhatTheirDocumentBecomes(string schemaName)
    {
        var type = SchemaTable.Kubernetes.Type(schemaName);
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
        {
            var obj = Message(type, new Random(seed), 0);
            obj["apiVersion"] = "v1";
            obj["kind"] = type.GoName;
            using var output = new ProtobufBuffer();
            ProtobufTranscoder.WriteEnveloped(ObjectJson.Encode(obj), "v1", type.GoName, type, output);
            return JsonNode.DeepEquals(obj, ProtobufDecoder.Decode(output.Written.Span, type));
        }));
    }

    private static ServiceAllocation Allocation() =>
        new(new ClusterAddressPool(System.Net.IPNetwork.Parse("10.96.0.0/16")), new NodePortPool((30000, 32767)));

    // Zero values of fields that are no pointers in Go cannot be told from absent ones in protobuf: none are made here.
    private static JsonObject Message(TypeSchema type, Random random, int depth)
    {
        var obj = new JsonObject();
        foreach (var (name, field) in type.JsonFields)
        {
            if (random.Next(3) == 0 || (field.Kind == FieldKind.Message && depth > MostDepth))
            {
                continue;
            }

            var value = Field(field, random, depth);
            if (value is not JsonObject { Count: 0 } || name is not ("status" or "metadata" or "strategy"))
            {
                obj[name] = value;
            }
        }

        return obj;
    }

    private static JsonNode Field(FieldSchema field, Random random, int depth)
    {
        switch (field.Shape)
        {
            case FieldShape.List:
                return new JsonArray([.. Enumerable.Range(0, random.Next(1, 3)).Select(_ => Value(field, random, depth))]);
            case FieldShape.Map:
                var map = new JsonObject();
                for (var i = random.Next(1, 3); i > 0; i--)
                {
                    map[$"key-{i}"] = Value(field, random, depth);
                }

                return map;
            default:
                return Value(field, random, depth);
        }
    }

    private static JsonNode Value(FieldSchema field, Random random, int depth)
    {
        var time = DateTimeOffset.FromUnixTimeSeconds(random.Next(1, int.MaxValue)).AddTicks(random.Next(1_000_000) * 10L);
        return field.Kind switch
        {
            FieldKind.Bool => true,
            FieldKind.Int32 => (long)(random.Next(2) == 0 ? random.Next(1, int.MaxValue) : -random.Next(1, int.MaxValue)),
            FieldKind.Int64 => random.NextInt64(1, long.MaxValue),
            FieldKind.Double => random.NextDouble() + 1,
            FieldKind.Bytes => Convert.ToBase64String(BitConverter.GetBytes(random.NextInt64())),
            FieldKind.Time => ObjectJson.Time(time),
            FieldKind.MicroTime => ObjectJson.MicroTime(time),
            FieldKind.Duration => $"{random.Next(1, 60).ToString(CultureInfo.InvariantCulture)}s",
            FieldKind.Quantity => random.Next(1000).ToString(CultureInfo.InvariantCulture) + "Mi",
            FieldKind.IntOrString => random.Next(2) == 0 ? JsonValue.Create((long)random.Next(1, 65536)) : "25%",
            FieldKind.FieldsV1 or FieldKind.RawExtension => new JsonObject { ["f:spec"] = new JsonObject { [$"f:{random.Next(10)}"] = new JsonObject() } },
            FieldKind.Json => random.Next(2) == 0 ? new JsonObject { ["a"] = new JsonArray(1L, "b") } : JsonValue.Create("text"),
            FieldKind.Message when field.Message.Either => Field(field.Message.Fields[random.Next(field.Message.Fields.Count)], random, depth + 1),
            FieldKind.Strings => new JsonArray("a", $"b{random.Next(10)}"),
            FieldKind.Message => Message(field.Message, random, depth + 1),
            _ when random.Next(4) == 0 => $"\"escaped\" \\ \n\t\u0001 🙂 {random.Next(1000)}",
            _ => $"text é {random.Next(1000)}",
        };
    }
}
