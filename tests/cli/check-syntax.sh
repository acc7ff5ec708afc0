# Files that are wrong: every mistake with its line and column, and nothing is looked at.
bad() {
	cat >bad.expect
	$CALLTRACE check -e bad.expect no-such-traces
	echo "exit $?"
}
exec 2>&1
bad <<'END'
test net::retry
    call open_socket(_, 80
    call send_syn(3) x
    count send_syn x3
    call send_syn(3) x...
    call send_syn() xyz
end
END
bad <<'END'
tset net::retry
    call f
end
END
bad <<'END'
test net::retry
    call f("abc)
    call f('ab')
    call f('\q')
    call f(~3)
    call f(~/a(/)
    call f(~/abc)
    call f(1 2)
    call f(0x)
    call f(340282366920938463463374607431768211456)
    call f(12ab)
    call f(, 1)
    call f(..., 1)
    call f(a = 1, 2)
    call f({1, 2})
    call f($)
    call f(@3)
    call 3f
end
END
bad <<'END'
test net::retry
    next f
    call f x5..3
    call f x0
    call f x100000
    depth f < 3
    depth f <= x
    count f
    count f 3 4
    never f x2
    call f in nowhere
    call f from
    gap
    always f($x)
    foo
    end of it
end
END
bad <<'END'
test
    call f
end
test a::b[x]
    call f
end
test a::b except
    call f
end
test a::b on fire
    call f
end
test a::b
end
test a::b
    within f
    end
    unordered
    end
    unordered
        not f
        call g
    end
end
END
bad <<'END'
test a::b
    within f
        call g
END
bad </dev/null
printf 'test a::b\n    call \377\001\000 f\nend\n' | bad
printf 'test a::b\n    call f(((((((((((((((((((((((((((((((((((\nend\n' | bad
printf 'test a::b\n    call f(*******************************1)\nend\n' | bad
printf 'test a::b\r\n    call f\r\n    wrong\r\nend\r\n' | bad
{ echo 'test a::b'; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23; do echo "  x$i"; done; echo end; } | bad
bad <<'END'
test a::b
    call f(3,
        RED
    ) x...
    call f(GREEN
    call g
end
END
$CALLTRACE check -e none.expect .
echo "exit $?"
$CALLTRACE check -e . .
echo "exit $?"
