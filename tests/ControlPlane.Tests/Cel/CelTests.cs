using Dataplane.ControlPlane.CustomResources.Rules;
using Dataplane.ControlPlane.CustomResources.Schemas;
using Dataplane.ControlPlane.Machinery.Cel;
using Dataplane.ControlPlane.Tests.CustomResources;

namespace Dataplane.ControlPlane.Tests.Cel;

/// <summary>Expressions over the object below: what they are, and what is wrong with them.</summary>
public sealed class CelTests
{
    private const string Schema = """
        {type: object, properties: {n: {type: integer}, f: {type: number}, s: {type: string}, b: {type: boolean}, when: {type: string, format: date-time},
        took: {type: string, format: duration}, raw: {type: string, format: byte}, any: {x-kubernetes-int-or-string: true}, none: {type: string},
        list: {type: array, items: {type: integer}}, set: {type: array, x-kubernetes-list-type: set, items: {type: string}},
        ports: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [p], items: {type: object, properties: {p: {type: integer}, name: {type: string}}}},
        labels: {type: object, additionalProperties: {type: string}}, a-b: {type: integer}, namespace: {type: string}, nil: {type: string, nullable: true},
        free: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {x: {type: integer}}}}}
        """;

    private const string Object = """
        {n: 3, f: 2.5, s: 'größe', b: true, when: '2024-02-29T12:30:15.5Z', took: 1h30m, raw: aGk=, any: 80, list: [3, 1, 2], set: [a, b],
        ports: [{p: 80, name: http}, {p: 443}], labels: {app: web, tier: front}, a-b: 7, namespace: ns, nil: null, free: {x: 1, y: 2},
        metadata: {name: one}, kind: Thing}
        """;

    public static TheoryData<string> True =>
    [
        "self.n == 3 && self.f > 2.0 && self.b", "self.n + 2 * 3 == 9", "(self.n + 2) * 3 == 15", "-self.n == -3", "!!self.b", "7 / 2 == 3 && -7 % 3 == -1",
        "self.n < 3.5 && 3u < 4 && 2.5 < 3u", "self.s.size() == 5", "size(self.list) == 3", "self.s.startsWith('gr') && self.s.endsWith('e')",
        "self.s.contains('ö')", "self.s.matches('^gr.+e$')", "'b' in self.set && !('z' in self.set)", "'app' in self.labels", "self.labels['app'] == 'web'",
        "self.labels.app == 'web'", "has(self.n) && !has(self.none)", "has(self.labels.app) && !has(self.labels.nothing)", "self.list[0] == 3",
        "self.list.all(x, x > 0)", "self.list.exists(x, x == 2)", "self.list.exists_one(x, x > 2)", "self.list.map(x, x * 2) == [6, 2, 4]",
        "self.list.filter(x, x > 1) == [3, 2]", "self.list.map(x, x > 1, x + 1) == [4, 3]", "self.labels.all(k, k.size() > 2)",
        "self.ports.exists(p, p.name == 'http')", "self.ports.all(p, !has(p.name) || p.name != '')", "self.b ? self.n == 3 : 1 / 0 == 0",
        "self.set == ['b', 'a'] || self.set == self.set", "self.list + [4] == [3, 1, 2, 4]", "(self.set + self.set).size() == 2",
        "self.a__dash__b == 7", "self.__namespace__ == 'ns'", "has(self.nil) && !has(self.none)", "self.free.x == 1", "self.metadata.name == 'one'",
        "self.any == 80 || self.any == '80'", "type(self.any) == int", "type(self.s) == string", "string(self.n) + 'x' == '3x'", "int('12') == 12",
        "double(self.n) == 3.0", "string(1.5) == '1.5'", "bool('true')", "self.raw == b'hi'", "string(self.raw) == 'hi'", "size(self.raw) == 2",
        "self.when.getFullYear() == 2024 && self.when.getMonth() == 1 && self.when.getDate() == 29", "self.when.getHours('+02:00') == 14",
        "self.when + self.took == timestamp('2024-02-29T14:00:15.5Z')", "self.took == duration('90m') && self.took.getMinutes() == 90",
        "self.when > timestamp('2024-01-01T00:00:00Z')", "string(duration('1h')) == '3600s'", "duration('-5s') < duration('0s')",
        "self.list.isSorted() == false && [1, 2].isSorted()", "self.list.sum() == 6 && self.list.min() == 1 && self.list.max() == 3",
        "self.list.indexOf(2) == 2 && [1, 1].lastIndexOf(1) == 1", "'a,b,c'.split(',') == ['a', 'b', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c']",
        "'tacocat'.indexOf('ac', 3) == -1 && 'tacocat'.lastIndexOf('a') == 5", "'hello'.charAt(4) == 'o' && 'größe'.charAt(3) == 'ß'",
        "'HeLLo'.lowerAscii() == 'hello' && 'a'.upperAscii() == 'A'", "' x '.trim() == 'x'", "'hello hello'.replace('he', 'we', 1) == 'wello hello'",
        "'tacocat'.substring(4) == 'cat' && 'tacocat'.substring(0, 4) == 'taco'", "['a', 'b'].join('-') == 'a-b' && ['x'].join() == 'x'",
        "'%s is %d, %.2f'.format(['n', 3, 1.5]) == 'n is 3, 1.50'", "'abc 123'.find('[0-9]+') == '123' && '1 2'.findAll('[0-9]').size() == 2",
        "quantity('1Gi').isGreaterThan(quantity('500Mi')) && isQuantity('2') && !isQuantity('x')", "quantity('1500m').add(quantity('500m')).asInteger() == 2",
        "ip('10.0.0.1').family() == 4 && isIP('::1') && !isIP('10.0.0.01')", "cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').prefixLength() == 8",
        "cidr('10.0.0.1/8').ip() == ip('10.0.0.1') && string(cidr('10.0.0.1/8').masked()) == '10.0.0.0/8'",
        "url('https://example.com:8080/a%20b?x=1').getHost() == 'example.com:8080' && isURL('/path') && !isURL('nothing')",
        "url('https://example.com/a').getEscapedPath() == '/a' && url('https://x/?k=v').getQuery()['k'] == ['v']",
        "sets.contains([1, 2, 3], [2]) && sets.equivalent([1, 1], [1]) && !sets.intersects([1], [2])", "optional.of(1).hasValue() && optional.none().orValue(2) == 2",
        "self.?none.orValue('x') == 'x' && self.?s.hasValue()", "self.labels[?'app'].orValue('') == 'web' && self.list[?9].hasValue() == false",
        "self.?labels.app.optMap(a, a + '!').value() == 'web!'", "[?self.?none, 'y'] == ['y']", "self.none.size() > 0 || self.b", "self.b || self.none.size() > 0",
        "[1, 0].exists(x, 1 / x == 1)", "!(self.n == 4) // a comment\n && true", "'\\u00f6' == 'ö' && r'\\d' == '\\\\d' && '''it's''' == \"it's\"", "0x10 == 16 && 1e3 == 1000.0",
        "{'a': 1}['a'] == 1 && {'a': 1}.a == 1", "-9223372036854775808 < 0", "[1, 2] == [1, 2] && {'a': 1} == {'a': 1} && [1] != [2]",
    ];

    public static TheoryData<string, string> Failing => new()
    {
        { "self.none == ''", "no such key: none" },
        { "self.list[3] == 0", "index out of bounds: 3" },
        { "self.labels['none'] == ''", "no such key: none" },
        { "1 / (self.n - 3) == 0", "division by zero" },
        { "self.n % (self.n - 3) == 0", "modulus by zero" },
        { "9223372036854775807 + self.n > 0", "integer overflow" },
        { "self.any.startsWith('8')", "no such overload" },
        { "optional.none().value() == 1", "optional.none() dereference" },
        { "'abc'.substring(4) == ''", "index out of range: 4" },
        { "self.list.all(x, self.none == '')", "no such key: none" },
    };

    /// <summary>cel-go counts columns from 1 and marks the place below the line.</summary>
    public static TheoryData<string, string> Wrong => new()
    {
        { "self.nothing > 1", "ERROR: <input>:1:5: undefined field 'nothing'\n | self.nothing > 1\n | ....^" },
        { "self.n == 'x'", "ERROR: <input>:1:8: found no matching overload for '_==_' applied to '(int, string)'\n | self.n == 'x'\n | .......^" },
        { "selfish.n == 1", "ERROR: <input>:1:1: undeclared reference to 'selfish' (in container '')\n | selfish.n == 1\n | ^" },
        { "self.n.startsWith('x')", "ERROR: <input>:1:18: found no matching overload for 'startsWith' applied to 'int.(string)'\n | self.n.startsWith('x')\n | .................^" },
        { "nothing(self.n)", "ERROR: <input>:1:8: undeclared reference to 'nothing' (in container '')\n | nothing(self.n)\n | .......^" },
        { "size(self.n) > 1", "ERROR: <input>:1:5: found no matching overload for 'size' applied to '(int)'\n | size(self.n) > 1\n | ....^" },
        { "self.n.x == 1", "ERROR: <input>:1:7: type 'int' does not support field selection\n | self.n.x == 1\n | ......^" },
        { "self.n.all(x, x > 1)", "ERROR: <input>:1:5: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)\n | self.n.all(x, x > 1)\n | ....^" },
        { "[1, 'a'].size() == 2", "ERROR: <input>:1:5: expected type 'int' but found 'string'\n | [1, 'a'].size() == 2\n | ....^" },
        { "self.free.y == 2", "ERROR: <input>:1:10: undefined field 'y'\n | self.free.y == 2\n | .........^" },
        { "self.n &&\n  self.b", "ERROR: <input>:1:8: found no matching overload for '_&&_' applied to '(int, bool)'\n | self.n &&\n | .......^" },
        { "self.b &&\n  self.q", "ERROR: <input>:2:7: undefined field 'q'\n |   self.q\n | ......^" },
        { "has(self)", "ERROR: <input>:1:5: invalid argument to has() macro\n | has(self)\n | ....^" },
        { "self.n >", "ERROR: <input>:1:9: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | self.n >\n | ........^" },
        { "(self.n", "ERROR: <input>:1:8: Syntax error: missing ')' at '<EOF>'\n | (self.n\n | .......^" },
        { "self.n 1", "ERROR: <input>:1:8: Syntax error: extraneous input '1' expecting <EOF>\n | self.n 1\n | .......^" },
        { "self.n == 99999999999999999999", "ERROR: <input>:1:11: invalid int literal\n | self.n == 99999999999999999999\n | ..........^" },
    };

    [Theory]
    [MemberData(nameof(True))]
    public void AnExpressionHolds(string expression) => Assert.Equal(true, Evaluate(expression));

    [Theory]
    [MemberData(nameof(Failing))]
    public void AnExpressionWithoutAValueSaysWhy(string expression, string message) =>
        Assert.Equal(message, Assert.Throws<CelException>(() => Evaluate(expression)).Message);

    [Theory]
    [MemberData(nameof(Wrong))]
    public void AnExpressionThatCannotBeIsShownWithItsPlace(string expression, string issues)
    {
        Assert.Null(Compile(expression, out var found));
        Assert.Equal(issues, found);
    }

    [Fact]
    public void AnExpressionThatGoesOnForLongIsEnded()
    {
        const string expression = "[1,2,3,4,5,6,7,8,9,0].all(a, [1,2,3,4,5,6,7,8,9,0].all(b, [1,2,3,4,5,6,7,8,9,0].all(c, [1,2,3,4,5,6,7,8,9,0].all(d, a + b + c + d >= 0))))";
        Assert.Throws<CelCostException>(() => Evaluate(expression, limit: 10_000));
        Assert.Equal(true, Evaluate(expression));
    }

    [Fact]
    public void NestingHasAnEnd()
    {
        Assert.Null(Compile(new string('(', 100_000) + "1", out var issues));
        Assert.Contains("expression recursion limit exceeded", issues, StringComparison.Ordinal);
    }

    private static object? Evaluate(string expression, long limit = 1_000_000)
    {
        var program = Compile(expression, out var issues);
        Assert.True(program is not null, issues);
        var schema = StructuralSchema.Parse(TestDefinition.Parse(Schema));
        var self = SchemaValues.Of(TestDefinition.Parse(Object), schema, isResource: true);
        return program.Evaluate(new Dictionary<string, object?> { ["self"] = self }, new CelCost(limit));
    }

    private static CelProgram? Compile(string expression, out string issues)
    {
        var type = SchemaTypes.Of(StructuralSchema.Parse(TestDefinition.Parse(Schema)), isResource: true)!;
        return CelProgram.Compile(expression, new Dictionary<string, CelType> { ["self"] = type }, out issues);
    }
}
