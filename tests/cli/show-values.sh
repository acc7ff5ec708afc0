# What `show` makes of values: too wide ones shortened, what changed in them, objects that are made and ended, strings that are not text.
list=$(seq -s, 0 63)
points=$(for i in 1 2 3 4 5 6 7 8 9; do printf '{"x":%d00,"y":-%d00},' $i $i; done)
wide='"address":{"street":"A street with a long name 123","city":"And a city with a long name, too"},"numbers":['$list']'
all=$wide',"tail":"the end of what there is to be seen"'
call() {
	printf ',{"function":"%s","id":0,"address":"0x1","start_time":1,"arguments":[%s],"children":[],"end_time":2' "$1" "$2"
	printf '%s}' "${3:+,\"arguments_after\":[$3]}"
}
{
	printf '{"metadata":{"version":"0.1.0","total_calls":1,"executable":"x"},"summary":{"functions":['
	i=0
	for name in f 'a::thing<int>::thing(int)' 'a::thing<int>::~thing()' 'a::thing<int>::other()' 'a::thing<int>::operator<(int)'; do
		printf '%s{"id":%d,"function":"%s","calls":1}' "${i:+$([ $i = 0 ] || echo ,)}" $i "$name"
		i=$((i + 1))
	done
	printf '],"call_pairs":[],"call_sites":[],"threads":[{"thread_id":1,"calls":1}]},"call_trees":{"1":{"thread_id":1,"calls":['
	{
		call f '{"name":"p","type":"struct s *","value":{"kind":"RED",'"$all"'},"strings":"wttt","address":"0x10"}' \
			'{"name":"p","value":{"kind":"GREEN",'"$all"'},"strings":"wttt","address":"0x10"}'
		call f '{"name":"v","type":"std::vector<point>","value":['"${points%,}"'],"truncated":true}'
		call f '{"name":"v","type":"int [64]","value":['$list']}'
		call f '{"name":"s","type":"struct s","value":{"text":"0x10","at":"0x10","n":"nan","c":"c"},"strings":"tanc"}'
		call f '{"name":"s","type":"struct s","value":{"text":"0x10","c":"c"},"strings":"x"},{"name":"t","type":"T","value":"ON","strings":"t"}'
	} | cut -c2-
	for id in 1 2 3 4; do
		call g '{"name":"this","type":"thing *","value":{"n":1,"s":"old"},"address":"0x20"},{"name":"o","type":"T *","value":1,"address":"0x30"}' \
			'{"name":"this","value":{"n":2,"s":"new"},"address":"0x20"},{"name":"o","value":2,"address":"0x30"}' | sed "s/\"id\":0/\"id\":$id/"
	done
	printf ']}}}\n'
} > trace.json
LC_ALL=C.UTF-8 $CALLTRACE show --no-fold trace.json | sed 's/  *[0-9]* ns *$//'
$CALLTRACE show --plain trace.json | tail -4
