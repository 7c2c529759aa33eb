package portal

// people are fictional; "|" separates first and last name. The first four are the
// sample learner, an admin, an instructor and a supervisor.
func people() []string {
	return []string{
		"Mira|Halvorsen", "Tobias|Lindqvist", "Ngozi|Adeyemi-Clarke", "Henrik|Sørby",
		"Aoife|Ní Bhriain", "Zoë|van der Meer", "José|Núñez Ibáñez", "Łukasz|Wiśniewski", "Ayşe|Yıldız", "Þórdís|Jónsdóttir",
		"Nguyễn|Thị Minh", "陈|晓燕", "さくら|田中", "민준|김", "ياسمين|الحداد", "דנה|כהן", "Дмитрий|Ковалёв", "Ελένη|Παππά",
		"Priya|Raghunathan", "Thabo|Mokoena", "Māra|Ozoliņa", "Siobhán|O’Connor", "Jean-Luc|D'Arcy", "X|Æ", "Anna-Maria|Gräfin von Königsmarck zu Hohenfels",
		"Olu|Bakare", "Fatou|Diallo", "Malin|Åkesson", "Bo|Ek", "Chidi|Eze", "Elif|Demir", "Ivana|Horvat", "Kofi|Asante", "Leilani|Kahale",
		"Mateus|Gonçalves", "Noor|Haddad", "Pekka|Mäkinen", "Rania|Nasser", "Sione|Tupou", "Tuva|Berg", "Ulrike|Weiß", "Vikram|Iyer", "Wanjiru|Kamau",
		"Yara|Sousa", "Zanele|Dube", "A&B|<Consultant>",
	}
}

func jobs() []string {
	return []string{"Rigger", "Academy Lead", "Instructor", "Quay Supervisor", "Crane Operator", "Deckhand", "Harbour Pilot", "Analyst", "Cook"}
}

// sampleCourse describes a course with which a portal starts.
type sampleCourse struct{ kind, name, description string }

func courses() []sampleCourse {
	const online, classroom, curriculum, bundle = "OnlineCourse", "InstructorLedCourse", "Curriculum", "CourseBundle"
	return []sampleCourse{
		{online, "Working at Height", "<p>Ropes, harnesses and <strong>rescue</strong> &amp; how to check them.</p><ul><li>Before</li><li>After</li></ul>"},
		{classroom, "Confined Space Entry", "<p>A day in the tank. Bring boots.</p>"},
		{curriculum, "Deck Officer, Year One", "<p>All that a new officer needs.</p>"},
		{bundle, "Safety Starter Bundle", "<p>Three short courses for the first week.</p>"},
		{online, "Forklift Basics & Beyond", "<h2>Forklifts</h2><p>Lift, turn, park.</p>"},
		{online, "Privacy at Work", ""},
		{online, "Fire! What now?", "<p>Where to go and whom to call.</p>"},
		{online, "Lire une carte marine", "<p>Pour débutants.</p>"},
		{classroom, "First Aid Refresher", "<p>Every two years.</p>"},
		{classroom, "Bridge Resource Management", "<p>Simulator day.</p>"},
		{curriculum, "Leading a Shift", "<p>For new supervisors.</p>"},
		{bundle, "Harbour English", "<p>Radio, letters, small talk.</p>"},
		{online, "*Stars*, _lines_ and `ticks`", "<p>A course whose name looks like markup.</p>"},
		{online, "安全入門", "<p>日本語のコース。</p>"},
		{online, "Knots", "<p>Twelve of them.</p>"},
	}
}

func competencies() []string {
	return []string{"Safe at height", "First aider", "Crane signals", "Radio operator", "Fire warden"}
}

// departmentNames are the names of new departments.
func departmentNames() []string {
	return []string{"Pier Seven", "Tug Operations", "Dry Dock", "Cold Store", "Pilot Station", "Customs Desk", "Harbour Archive", "Rope Works"}
}

// groupNames are the names of new groups.
func groupNames() []string {
	return []string{"Forklift drivers", "New joiners", "Fire wardens", "Weekend crew", "First aiders", "Apprentices", "Visiting crews"}
}
